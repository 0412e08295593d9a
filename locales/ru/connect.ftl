# Как подключить канал каждого вида; одна строка — один шаг.
connect-gupshup-title = Gupshup
connect-gupshup =
    В Gupshup откройте приложение WhatsApp и перенесите в настройки его имя, идентификатор (App ID), номер и API-ключ.
    Создайте канал здесь и скопируйте webhook_url.
    В Gupshup откройте Webhooks приложения, добавьте webhook_url, выберите события message, enqueued, sent, delivered, read, failed и сохраните.
    Прочитайте список шаблонов и отправьте себе шаблон для проверки.
connect-gupshup-setting-app_name = Название приложения WhatsApp в Gupshup, точно как там.
connect-gupshup-setting-app_id = Идентификатор приложения (App ID). Без него шаблоны читаются из старого списка по названию приложения.
connect-gupshup-setting-source = Номер WhatsApp приложения: цифры с кодом страны.
connect-gupshup-setting-api_key = API-ключ аккаунта Gupshup.
connect-gupshup-setting-partner_token = Токен партнёрского API для этого приложения, если он есть: отправляет кнопки и сам регистрирует вебхук.
connect-gupshup-setting-hook_header = Секретное слово, которое Gupshup повторяет в заголовке каждого события; только с партнёрским API.
connect-gupshup-setting-rate = Сколько сообщений в секунду может отправлять канал, от 1 до 1000. Пусто: 10. Gupshup не называет числа; лимит, о котором он сообщит, замедлит канал сам.
connect-gupshup-setting-mark_opt_in = Когда номер клиента заносится в список согласий Gupshup: on_consent (по согласию), never (никогда) или before_first_template (перед первым шаблоном).
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
