# Как подключить канал каждого вида; одна строка — один шаг.
connect-setting-rate = Сколько сообщений в секунду может отправлять канал, от 1 до 1000. Пусто: обычное число провайдера; телефон за шлюзом тогда делает паузу 5–15 секунд между сообщениями, чтобы его не заблокировали. Лимит, о котором сообщит провайдер, замедлит канал сам.
connect-setting-failover = Id или точное имя другого канала этого портала (хранится id): новые сообщения уходят через него, пока этот канал не может отправлять (ключи отклонены, телефон отвязан, блокировка, ограничение). Второй канал соблюдает правила своего номера. Пусто: новые сообщения отклоняются или ждут.
connect-setting-portfolio = Название бизнес-портфолио: каналы с одним названием делят общий суточный лимит. Пусто: у канала свой лимит.
connect-setting-daily_limit = Скольким новым людям в сутки можно написать: вне 24-часового окна, а с телефона за шлюзом — тем, кто вам не писал. Пусто: как сообщит провайдер; телефон — по warm_up.
connect-setting-on_limit = Что делать, когда суточный лимит исчерпан: hold = сообщение ждёт места, refuse = процесс узнаёт об этом сразу.
connect-setting-warm_up = Телефоны за шлюзами: on = новый номер пишет в первую неделю 20 незнакомым людям в сутки, потом каждый день на четверть больше, с пятой недели — 200; off = номер с историей, 200 с первого дня. Кто писал вам, тот не незнакомый.
connect-setting-daily_cap = Телефоны за шлюзами: сколько сообщений может уйти за 24 часа, кому бы то ни было. Пусто: 5000.
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
connect-gupshup-setting-mark_opt_in = Когда номер клиента заносится в список согласий Gupshup: on_consent (по согласию), never (никогда) или before_first_template (перед первым шаблоном).
connect-meta-title = Meta Cloud API
connect-meta =
    В Meta for Developers создайте постоянный токен системного пользователя с правами WhatsApp.
    Перенесите в настройки phone_number_id, waba_id, токен и секрет приложения; придумайте verify_token.
    Создайте канал здесь и скопируйте webhook_url.
    Адрес webhook_url настроится у аккаунта сам, если токену это можно; иначе укажите его с verify_token в настройках WhatsApp приложения.
    Подпишите приложение на messages, message_template_status_update, account_update и user_preferences.
connect-meta-setting-phone_number_id = Идентификатор номера WhatsApp (Phone number ID), не сам номер.
connect-meta-setting-waba_id = Идентификатор аккаунта WhatsApp Business.
connect-meta-setting-access_token = Постоянный токен системного пользователя с правами whatsapp_business_messaging и whatsapp_business_management.
connect-meta-setting-app_secret = Секрет приложения: подтверждает, что события пришли от Meta.
connect-meta-setting-verify_token = Слово, которое вы придумали; Meta повторяет его, когда проверяет webhook_url.
connect-meta-setting-phone = Сам номер для ссылок на чат. Пусто: узнаётся у Meta.
connect-meta-setting-api_version = Версия Graph API, например v23.0. Пусто: та, для которой сделан этот выпуск.
connect-meta-setting-app_secret_proof = yes, если приложение требует подтверждения секрета при каждом вызове.
connect-green-api-title = Green-API
connect-green-api =
    В консоли Green-API создайте инстанс и перенесите в настройки его id и токен.
    Создайте канал здесь и скопируйте webhook_url.
    Привяжите телефон: запросите привязку канала здесь и отсканируйте им QR-код или введите код; тот же QR-код показывает консоль.
    Адрес webhook_url, придуманный вами токен вебхука и уведомления настроятся в инстансе сами; он перезапустится, это до пяти минут.
connect-green-api-setting-id_instance = Идентификатор инстанса (idInstance) из консоли.
connect-green-api-setting-api_token = Токен инстанса (apiTokenInstance).
connect-green-api-setting-webhook_token = Слово, которое вы придумали; Green-API показывает его с каждым событием.
connect-green-api-setting-api_url = Адрес инстанса (apiUrl), если консоль показывает отдельный.
connect-green-api-setting-phone = Номер привязанного телефона. Пусто: узнаётся у первого привязанного телефона; другой телефон останавливает канал, пока вы не укажете здесь его номер.
connect-waha-title = WAHA
connect-waha =
    Запустите свой шлюз WAHA; шлюз во внутренней сети нужно указать в COURIER24_PRIVATE_HOSTS.
    Перенесите в настройки его адрес, имя сессии и API-ключ.
    Создайте канал здесь: webhook_url настроится в сессии сам, она перезапустится; hmac_key подтверждает подлинность уведомлений шлюза.
    Привяжите телефон: запросите привязку канала здесь и отсканируйте им QR-код или введите код.
connect-waha-setting-base_url = Адрес шлюза, например https://waha.example.org.
connect-waha-setting-session = Имя сессии; в новом шлюзе default.
connect-waha-setting-api_key = API-ключ шлюза.
connect-waha-setting-hmac_key = Секрет, которым шлюз подписывает события. Без него их подтверждает только секретный webhook_url.
connect-waha-setting-phone = Номер привязанного телефона. Пусто: узнаётся у первого привязанного телефона; другой телефон останавливает канал, пока вы не укажете здесь его номер.
connect-twilio-title = Twilio
connect-twilio =
    В консоли Twilio скопируйте в настройки Account SID, токен и отправителя WhatsApp.
    Создайте канал здесь и скопируйте webhook_url.
    Укажите webhook_url как адрес входящих сообщений отправителя, точно как показано; статусы запрашиваются с каждым сообщением.
connect-twilio-setting-account_sid = Account SID из консоли.
connect-twilio-setting-auth_token = Токен аккаунта: отправляет сообщения и подтверждает, что события пришли от Twilio.
connect-twilio-setting-sender = Отправитель WhatsApp, например whatsapp:+14150000000, или SID сервиса сообщений (MG…).
