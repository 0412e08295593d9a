# Напоминания: слова роботов, подсказки и причины, по которым сообщение не ушло.
robot-follow_up-name = WhatsApp: напомнить позже
robot-follow_up-description = Отправит клиенту сообщение позже, если раньше клиент не ответит, сделка не сменит стадию и не закроется, клиент не откажется от сообщений.
robot-cancel_follow_ups-name = WhatsApp: отменить напоминания
robot-cancel_follow_ups-description = Отменяет ещё не отправленные напоминания этого документа. Ничего не отправляет.

property-when-name = Когда
property-offset_minutes-name = За сколько минут или через сколько
property-offset_minutes-description = 0 = точно в этот момент; не больше 525600 (год)
property-at-name = Дата и время
property-at-description = Для «в указанное время»: 21.09.2026 17:30:00 или ISO 8601
property-calendar-name = Когда можно отправлять
property-calendar-description = Пусто = в любое время; working_hours; или выражение cron, например 0 10 * * 1-5
property-time_zone-name = Часовой пояс
property-time_zone-description = Например Europe/Moscow; пусто = пояс клиента, если он понятен по номеру, иначе пояс портала
property-follow_up-text-description = Для открытого окна; до 4096 знаков
property-follow_up-template-description = имя:язык; уходит, если текста нет или окно закрыто
property-stop_on-name = Не отправлять, если
property-chain-name = Цепочка
property-chain-description = Одинаковое имя = одна цепочка этого документа и клиента: останавливается целиком
property-cancel_follow_ups-chain-description = Пусто = все цепочки
property-cancel_follow_ups-phone-description = Пусто = всех клиентов этого документа
property-repeat-name = Повторить, раз
property-repeat-description = Сколько ещё сообщений после первого; 0 = ни одного

option-when-before_window_closes = до закрытия 24-часового окна
option-when-after_window_closed = после закрытия 24-часового окна
option-when-after_silence = если клиент молчит
option-when-at = в указанное время
option-stop_on-reply = клиент ответил
option-stop_on-stage_change = документ сменил стадию
option-stop_on-won_lost = документ успешен или проигран
option-stop_on-opt_out = клиент отказался от сообщений

result-follow_up_id-name = Номер напоминания
result-due_at-name = Когда уйдёт
result-cancelled-name = Отменено

hint-calendar = Подходит пустое значение, working_hours или выражение cron, например 0 10 * * 1-5.
hint-calendar-never = Такого момента не бывает: исправьте день и месяц.
hint-moment = Нужны дата и время: 21.09.2026 17:30:00 или 2026-09-21T17:30:00+03:00.
hint-moment-passed = Это время уже прошло. Укажите время в будущем.
hint-time_zone = Нужно название, например Europe/Moscow или Asia/Almaty.
hint-template-needed = После закрытия окна WhatsApp принимает только шаблоны: укажите шаблон.
hint-document = Нужен документ CRM, например DEAL_512, LEAD_7 или DYNAMIC_1046_25.

problem-follow-up-refused = Напоминание не создано.
problem-follow-up-refused-next = { $text }

# A setting of every channel.
connect-setting-quiet_hours = Часы, когда уходит только то, о чём клиент только что спросил, например 21:00-09:00; off = таких часов нет; пусто = как у портала.
