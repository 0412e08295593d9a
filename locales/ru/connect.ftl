# Как подключить канал каждого вида; одна строка — один шаг.
connect-gupshup-title = Gupshup
connect-gupshup =
    В Gupshup откройте приложение WhatsApp и перенесите в настройки его имя, идентификатор (App ID), номер и API-ключ.
    Создайте канал здесь и скопируйте webhook_url.
    В Gupshup откройте Webhooks приложения, добавьте webhook_url, выберите события message, enqueued, sent, delivered, read, failed и сохраните.
    Прочитайте список шаблонов и отправьте себе шаблон для проверки.
connect-meta-title = Meta Cloud API
connect-meta =
    В Meta for Developers создайте постоянный токен системного пользователя с правами WhatsApp.
    Перенесите в настройки phone_number_id, waba_id, токен и секрет приложения; придумайте verify_token.
    Создайте канал здесь и скопируйте webhook_url.
    В настройках WhatsApp приложения укажите webhook_url и verify_token и подпишитесь на messages и message_template_status_update.
connect-green-api-title = Green-API
connect-green-api =
    В консоли Green-API создайте инстанс и перенесите в настройки его id и токен.
    Создайте канал здесь и скопируйте webhook_url.
    Привяжите телефон, отсканировав QR-код в консоли.
    Укажите в инстансе webhook_url и токен вебхука, включите уведомления о входящих и о статусах.
connect-waha-title = WAHA
connect-waha =
    Запустите свой шлюз WAHA; шлюз во внутренней сети нужно указать в COURIER24_PRIVATE_HOSTS.
    Перенесите в настройки его адрес, имя сессии и API-ключ.
    Создайте канал здесь, скопируйте webhook_url и укажите его в сессии с событиями message и message.ack.
    Привяжите телефон, отсканировав QR-код сессии.
connect-twilio-title = Twilio
connect-twilio =
    В консоли Twilio скопируйте в настройки Account SID, токен и отправителя WhatsApp.
    Создайте канал здесь и скопируйте webhook_url.
    Укажите webhook_url как адрес входящих сообщений и как status callback отправителя.
