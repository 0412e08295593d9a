# Рассказ команды `courier24 demo`.
demo-opening = Портал { $portal }, WhatsApp { $whatsapp } — оба ненастоящие; сервис настоящий, его папка { $folder }
demo-end = Все шаги ({ $scenes }) увидены своими глазами.
demo-missed = ШАГ НЕ УВИДЕН. { $expected }
demo-interrupted = Прервано.
demo-service-ended = Сервис завершился сам: { $status }
demo-log-kept = Журнал сервиса: { $file }
demo-stays-open = Всё продолжает работать. Страница приложения в портале: { $page } · сервис: { $service } · выход — Ctrl-C

demo-scene-service = Сервис запускается отдельным процессом
demo-scene-install = Администратор ставит приложение на портал
demo-scene-robots = Роботы появляются в портале
demo-scene-channel = Оператор подключает канал Gupshup
demo-scene-templates = Шаблоны приходят от провайдера
demo-scene-deal = Сделка доходит до стадии: срабатывает send_template
demo-scene-accepted = Провайдер принял сообщение
demo-scene-kill = Сервис убит (SIGKILL)
demo-scene-restart = Сервис поднимается на той же базе
demo-scene-delivered = Сообщение доставлено
demo-scene-read = Клиент читает
demo-scene-updated = Сделка знает правду
demo-scene-reply = Клиент отвечает, окно открывается
demo-scene-text = Сделка отправляет обычный текст: send_text
demo-scene-second = Тот же робот через второй канал: собственный шлюз магазина
demo-scene-proof = Ничего не ушло дважды

demo-client-name = Инна
demo-client-text = А до скольких вы работаете?
demo-business-text = Сегодня до 20:00, ждём вас!

demo-second-text = Ваш заказ уже в пути.

demo-service-started = pid { $pid }, адрес { $url }
demo-service-ready = /health/ready отвечает 200
demo-installed = портал { $domain } установлен и активен, member_id { $member_id }
demo-robots = роботов: { $count } ({ $codes })
demo-channel = канал { $id }, номер { $phone }; адрес уведомлений вписан в кабинет Gupshup
demo-templates = одобренных шаблонов: { $count }
demo-deal-fired = сделка { $deal }, телефон { $phone } (выключен), шаблон { $template }
demo-call-stored = вызов { $call } записан в { $at }
demo-accepted = сообщение { $message } принято в { $at }, номер у Gupshup { $gs_id }
demo-sent = на серверах WhatsApp с { $at }: { $wamid }
demo-killed = процесс { $pid } убит без предупреждения
demo-last-commit = последний коммит до смерти: { $point } в { $at }
demo-callback-lost = телефон включён; уведомление «доставлено» (попытка { $attempt }, { $at }) никого не застало
demo-restarted = новый процесс, pid { $pid }
demo-first-commit = первое действие после старта: { $point } в { $at }
demo-callback-taken = Gupshup повторил уведомление: попытка { $attempt } принята в { $at }
demo-delivered = сообщение { $message } доставлено, записано в { $at }
demo-on-the-phone = на телефоне: «{ $text }»
demo-read = сообщение { $message } прочитано, записано в { $at }
demo-process-answered = процесс получил ответ: status={ $status }, ok={ $ok }
demo-field-written = сделка { $deal }: { $field } = { $value }
demo-timeline = в таймлайне сделки (вид № { $shown }): { $entry }
demo-client-wrote = клиент пишет «{ $text }» ({ $wamid }); Gupshup держит входящие 5 секунд
demo-window-open = окно открыто до { $until }
demo-second-channel = канал { $id } (WAHA), номер { $phone }; адрес вебхука в шлюзе он настроил сам
demo-proof = клиент получил сообщений: { $count }, повторов нет, хотя сервис умирал

demo-expect-ready = Ожидалось: за { $seconds } с сервис отвечает на /health/ready.
demo-expect-installed = Ожидалось: за { $seconds } с портал числится установленным и активным.
demo-expect-robots = Ожидалось: за { $seconds } с роботы send_template и send_text зарегистрированы без ошибок.
demo-expect-templates = Ожидалось: за { $seconds } с все шаблоны провайдера видны у канала.
demo-expect-call = Ожидалось: за { $seconds } с вызов робота записан в журнал.
demo-expect-accepted = Ожидалось: за { $seconds } с сообщение принято и отправлено.
demo-expect-one-message = Ожидалось ровно одно сообщение у провайдера, их { $count }.
demo-expect-sigkill = Ожидалось: процесс завершён сигналом 9.
demo-expect-commit = Ожидалось: в журнале сервиса есть последний коммит.
demo-expect-lost-callback = Ожидалось: за { $seconds } с уведомление «доставлено» не застало сервис.
demo-expect-first-commit = Ожидалось: за { $seconds } с новый процесс сделал первый коммит.
demo-expect-callback = Ожидалось: за { $seconds } с повторённое уведомление «доставлено» принято.
demo-expect-delivered = Ожидалось: за { $seconds } с статус сообщения «доставлено».
demo-expect-read = Ожидалось: за { $seconds } с статус сообщения «прочитано».
demo-expect-answer = Ожидалось: за { $seconds } с процесс получил ответ робота.
demo-expect-field = Ожидалось: за { $seconds } с поле сделки записано.
demo-expect-timeline = Ожидалось: за { $seconds } с запись в таймлайне сделки.
demo-expect-window = Ожидалось: за { $seconds } с окно переписки открыто.
demo-expect-text = Ожидалось: за { $seconds } с текст пришёл на телефон.
demo-expect-second = Ожидалось за { $seconds } с: канал шлюза подключён, его номер известен.
demo-expect-three-messages = Ожидалось ровно три разных сообщения у клиента, их { $count }.
