# Статусы сообщений (слова INTERFACE.md) и слова таймлайна.
status-queued = в очереди
status-held = отложено
status-sending = отправляется
status-accepted = принято
status-sent = отправлено
status-delivered = доставлено
status-read = прочитано
status-played = прослушано
status-failed = не доставлено
status-unknown = неизвестно
status-skipped = пропущено
status-cancelled = отменено
status-deleted = удалено
status-received = получено

# Что означает статус, одной фразой.
status-queued-means = Сообщение сохранено и ждёт своей очереди.
status-held-means = Сообщение уйдёт, когда клиент напишет, закончатся тихие часы или канал заработает.
status-sending-means = Сообщение передаётся провайдеру.
status-accepted-means = Провайдер принял сообщение. Это ещё не доставка.
status-sent-means = WhatsApp принял сообщение.
status-delivered-means = Сообщение на устройстве клиента.
status-read-means = Клиент открыл сообщение.
status-played-means = Клиент прослушал голосовое сообщение.
status-failed-means = Сообщение не дошло и само повторяться не будет.
status-unknown-means = Неизвестно, ушло ли сообщение. Проверьте переписку, прежде чем отправлять снова.
status-skipped-means = Сообщение намеренно не отправлялось.
status-cancelled-means = Сообщение остановлено до отправки.
status-deleted-means = Автор удалил сообщение.
status-received-means = Сообщение от клиента.

timeline-title = WhatsApp: { $status }
timeline-recipient = Кому
timeline-channel = Канал
timeline-reason = Почему

count-messages = { $count ->
    [one] { $count } сообщение
    [few] { $count } сообщения
   *[many] { $count } сообщений
}
