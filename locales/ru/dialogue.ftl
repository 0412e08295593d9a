# Рассказ команды `courier24 demo --story dialogue`: переписка клиентки с роботами.
talk-zone = Europe/Moscow
talk-phone = 79160000001
talk-client = Инна
talk-business = Мебель «Осло»
talk-source = 74951180118
talk-latitude = 55.7812
talk-longitude = 37.6015
talk-goods = диван «Осло»
talk-deal = Диван «Осло», заказ 118
talk-file = Счёт 118.pdf
talk-courier = Павел Орлов
talk-courier-phone = +7 916 000-00-44

# Что отправляет бизнес.
talk-template-packed = Здравствуйте, { "{{1}}" }! Ваш { "{{2}}" }, заказ { "{{3}}" }, собран и ждёт на складе. Нажмите кнопку, и договоримся о доставке.
talk-template-feedback = { "{{1}}" }, сегодня мы привезли { "{{2}}" }. Всё ли в порядке? Если что-то не так, напишите прямо сюда.
talk-template-sale = { "{{1}}" }, к дивану «Осло» появилось кресло, до конца месяца минус 20 %. Не нужна реклама? Ответьте «Стоп».
talk-template-warranty = { "{{1}}" }, напоминаем: гарантия на { "{{2}}" } действует пять лет. Талон лежит в коробке с ножками.
talk-button-arrange = Договориться
talk-button-morning = До обеда
talk-button-afternoon = После обеда
talk-button-other = Другой день
talk-button-hours = Выбрать время
talk-button-place = Отправить геопозицию
talk-row-early = 13:00–15:00
talk-row-early-note = сразу после обеда
talk-row-middle = 15:00–17:00
talk-row-middle-note = самое свободное время
talk-row-late = 17:00–19:00
talk-row-late-note = возможны пробки
talk-say-half = { $client }, бесплатно привезём в четверг. Когда вам удобнее?
talk-say-hours = Записали: четверг, «{ $half }». В какие часы вы точно будете дома?
talk-say-place = Хорошо! Пришлите, пожалуйста, геопозицию подъезда: навигатор часто приводит во двор с другой стороны.
talk-say-lift = Спасибо, нашли вас на карте. Поднять диван в квартиру? Ответьте «да» или «нет».
talk-say-again = Извините, голосовые я пока не понимаю. Напишите, пожалуйста, словом: поднять диван в квартиру, да или нет?
talk-yes-words = да,ага,поднять,нужно
talk-no-words = нет,не надо,сами
talk-say-invoice = Счёт на 48 900 ₽, доставка и подъём на этаж включены. Оплатите сегодня или завтра, и четверг останется за вами.
talk-say-unpaid = Инна, мы пока не видим оплаты по счёту 118. Держим для вас четверг ещё немного. Нужна помощь?
talk-say-paid = Оплату получили, спасибо! В четверг, { $time }, приедет Павел. Вот его телефон.
talk-say-tomorrow = Инна, завтра, { $time }, привезём диван. Павел позвонит за час. Если планы изменились, просто напишите сюда.
talk-say-feedback = Ну как вам диван? Всё ли в порядке?
talk-say-opted-out = Хорошо, рекламы больше не будет. О самих заказах писать продолжим. Передумаете — напишите «Старт».

# Что делает клиентка.
talk-client-yes = Да, пятый этаж
talk-client-paid = Оплатила, спасибо!
talk-client-stop = Стоп
talk-presses = нажимает [ { $title } ]
talk-chooses = выбирает в списке «{ $title }»
talk-place = 📍 геопозиция: { $latitude }, { $longitude }
talk-quotes = ↩ отвечает на рекламу: { $text }
talk-voice = 🎤 голосовое сообщение

# Стадии, поля, настройки.
talk-stage-new = Новая
talk-stage-packed = Заказ собран
talk-stage-arranging = Согласование доставки
talk-stage-payment = Ждём оплату
talk-stage-booked = Доставка назначена
talk-stage-delivered = Доставлено
talk-field-status = Сообщение о сборке
talk-field-half = Половина дня
talk-field-time = Время доставки
talk-field-latitude = Широта
talk-field-longitude = Долгота
talk-field-lift = Подъём на этаж
talk-field-silent = Отзыва не дождались
talk-field-promo = Реклама
talk-field-why-not = Почему реклама не ушла
talk-plan = Роботы и процессы, которые администратор поставил на стадии сделки:
talk-plan-packed = send_template: шаблон с кнопкой. Нажатие (триггер button_pressed) переводит сделку дальше
talk-plan-arranging = send_buttons → send_list → request_location → send_text → wait_reply: каждый шаг ждёт ответа и пишет его в поле
talk-plan-payment = send_file: счёт с Диска; follow_up: напоминание за час до закрытия окна
talk-plan-booked = send_text → send_contact → follow_up: визитка водителя и напоминание о доставке
talk-plan-delivered = send_text (окно закрыто — шаблон) → wait_reply: ждём отзыва два часа
talk-cast = { $deal }. Клиентка { $client }, { $phone }; пишет ей «{ $business }» с номера { $source }.

# Главы.
talk-scene-packed = Заказ собран: первое сообщение уходит шаблоном
talk-scene-arranging = Клиентка отвечает кнопками, сделка записывает
talk-scene-voice = Голосовое вместо слов: робот переспрашивает
talk-scene-invoice = Счёт и напоминание, которое ждёт своего часа
talk-scene-paid = Ответ клиентки отменяет напоминание
talk-scene-silence = Клиентка молчит: второе напоминание срабатывает
talk-scene-feedback = Окно закрыто: вместо слов уходит шаблон, ответа нет
talk-scene-stop = Четыре недели спустя: реклама и слово «Стоп»
talk-scene-refused = Ещё через неделю: новая реклама не уходит
talk-scene-timeline = Таймлайн сделки глазами менеджера

# Что происходит в сделке.
talk-note-moved = Сделка перешла на стадию «{ $stage }»: { $why }.
talk-why-warehouse = склад отметил, что заказ собран
talk-why-button = сработал триггер «клиент нажал кнопку»
talk-why-answers = все ответы получены, процесс закончен
talk-why-paid = менеджер увидел оплату
talk-why-delivered = менеджер отметил, что диван привезли
talk-note-process = Робот { $robot } ответил процессу: { $values }.
talk-note-field = Поле сделки «{ $label }» = { $value }   ({ $field })
talk-note-window = Окно переписки открыто до { $until }: теперь можно писать обычным текстом.
talk-note-armed = Напоминание назначено на { $due }, за час до закрытия окна ({ $until }).   { $id }
talk-note-stopped = Клиентка ответила, напоминание снято: state=stopped, reason=reply.   { $id }
talk-note-fired = Напоминание ушло в свой срок: state=sent.   { $id }
talk-note-fallback = Окно закрыто, поэтому робот send_text отправил запасной шаблон how_was_it.
talk-note-sale = Повторные продажи: на сделке срабатывает send_template с рекламным шаблоном armchair_sale (MARKETING).
talk-note-warranty = Сервисный шаблон warranty (UTILITY) отказ не запрещает: на сделке срабатывает send_template.
talk-note-consent = Отказ записан: реклама запрещена. Доказательство — слово «{ $word }», { $message }.
talk-note-refused = Не отправлено: ok=N, error_code=opted_out. Сделка узнаёт почему: «{ $text }»
talk-note-proof = Клиентке ушло сообщений: { $out }, от неё пришло: { $in }. Всё в таймлайне, повторов нет, невыполненной работы не осталось.
talk-silence-day = полдня прошло, от Инны ни слова
talk-silence-stopped = напоминание о счёте должно было уйти в { $time }, но клиентка ответила ещё вчера, и телефон молчит
talk-silence-read = Инна прочитала и не ответила; в { $time } окно закрылось. Робот check_window проверяет
talk-silence-wait = два часа прошли, Инна прочитала и промолчала
talk-by-answer = ответ портала на отказ
talk-ticks-read = ✓✓ прочитано { $time }
talk-ticks-delivered = ✓✓ доставлено
talk-opening = Портал { $portal } и WhatsApp { $whatsapp } — модели; сервис настоящий, отдельный процесс, папка { $folder }.
    Часы у портала, WhatsApp и сервиса общие. Между репликами их переводят вперёд, чтобы никому не ждать сутками; сроки роботов не сокращены.
talk-end = Все главы ({ $scenes }) сыграны, каждый шаг проверен.

talk-day = { $weekday }, { $day } { $month }
talk-moment = { $day } { $month }, { $time }
talk-weekday-1 = понедельник
talk-weekday-2 = вторник
talk-weekday-3 = среда
talk-weekday-4 = четверг
talk-weekday-5 = пятница
talk-weekday-6 = суббота
talk-weekday-7 = воскресенье
talk-month-1 = января
talk-month-2 = февраля
talk-month-3 = марта
talk-month-4 = апреля
talk-month-5 = мая
talk-month-6 = июня
talk-month-7 = июля
talk-month-8 = августа
talk-month-9 = сентября
talk-month-10 = октября
talk-month-11 = ноября
talk-month-12 = декабря

talk-expect-webhook = Ожидалось: за { $seconds } с у провайдера зарегистрирован наш адрес уведомлений.
talk-expect-rest = Ожидалось: за { $seconds } с вся начатая работа закончена.
talk-expect-phone = Ожидалось: за { $seconds } с сообщение робота пришло на телефон.
talk-expect-count = Ожидалось другое число новых сообщений на телефоне, пришло { $count }.
talk-expect-read = Ожидалось: за { $seconds } с сервис знает, что сообщение прочитано.
talk-expect-silence = Ожидалось: на телефон ничего не приходит, пришло { $count }.
talk-expect-heard = Ожидалось: за { $seconds } с сообщение клиентки записано в журнал.
talk-expect-button = Ожидалось: в переписке есть кнопка «{ $title }».
talk-expect-stage = Ожидалось: за { $seconds } с триггер перевёл сделку на следующую стадию.
talk-expect-answer = Робот { $robot }.
talk-expect-any-answer = Ожидалось: за { $seconds } с процесс получил ответ робота.
talk-expect-values = Робот { $robot } ответил не то: { $values }.
talk-expect-field = Ожидалось: за { $seconds } с поле сделки записано.
talk-expect-window = Ожидалось: за { $seconds } с окно переписки открыто.
talk-expect-template = Ожидалось: вне окна ушёл именно этот шаблон.
talk-expect-well = Ожидалось: процесс получил ok=Y.
talk-expect-file = Ожидалось: на телефон пришёл документ.
talk-expect-due = Ожидалось: напоминание назначено и уходит за час до закрытия окна, не раньше.
talk-expect-stopped = Ожидалось: за { $seconds } с ответ клиентки снял напоминание.
talk-expect-sent = Ожидалось: за { $seconds } с напоминание отмечено как ушедшее.
talk-expect-consent = Ожидалось: за { $seconds } с отказ от рекламы записан вместе с самим словом.
talk-expect-refused = Ожидалось: робот ответил ok=N, error_code=opted_out и ничего не отправил.
talk-expect-timeline = Ожидалось: за { $seconds } с все сообщения есть в таймлайне сделки.
talk-expect-entries = Ожидалось: в таймлайне по записи на сообщение, записей { $count }.
talk-expect-clean = Ожидалось: ничего лишнего; повторов { $twice }, невыполненных работ { $dead }, забытых напоминаний { $pending }.
