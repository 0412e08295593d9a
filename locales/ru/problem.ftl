# Ошибки: что случилось, и с -next — что делать.
problem-route-unknown = Такого адреса нет
problem-route-unknown-next = Проверьте путь: адреса перечислены в документации и в /openapi.json.
problem-method-not-allowed = Этот адрес не принимает такой метод
problem-method-not-allowed-next = Используйте один из методов из заголовка Allow.
problem-unauthorized = Токен не указан или неверен
problem-unauthorized-next = Передайте заголовок Authorization: Bearer с токеном оператора.
problem-api-off = API оператора выключен
problem-api-off-next = Задайте COURIER24_OPERATOR_TOKEN и перезапустите сервис.
problem-portal-unknown = Портала с таким member_id нет
problem-portal-unknown-next = Возьмите member_id из GET /api/v1/portals; портал появляется там после установки приложения.
problem-portal-uninstalled = Портал удалил приложение
problem-portal-uninstalled-next = Установите приложение на портале снова; данные хранятся в течение срока хранения.
problem-not-found = В этом портале нет такого объекта: { $what }
problem-not-found-next = Проверьте идентификатор и портал: объекты одного портала не видны в другом.
problem-cursor-invalid = Курсор не относится к этому списку
problem-cursor-invalid-next = Начните заново без after; передавайте next в точности так, как его вернул этот же список.
problem-query-invalid = Параметр { $name } имеет недопустимое значение
problem-query-invalid-next = Допустимо: { $allowed }.
problem-body-invalid = Тело запроса не подходит ({ $field }: { $reason })
problem-body-invalid-next = Исправьте указанное поле; форма описана в /openapi.json.
problem-body-too-large = Тело запроса слишком велико
problem-body-too-large-next = Отправляйте не больше { $limit } КиБ.
problem-body-incomplete = Тело запроса пришло не полностью
problem-body-incomplete-next = Повторите запрос; проверьте соединение и прокси на пути.
problem-unparsable = Запрос не удаётся прочитать: { $reason }
problem-unparsable-next = Отправьте форму или JSON, для которых предназначен этот адрес.
problem-forged = Отправитель не тот, за кого себя выдаёт
problem-forged-next = Если это ваш портал, откройте приложение под администратором или установите его заново; если это провайдер, проверьте секреты канала.
problem-install-tokens-missing = Портал не передал токены
problem-install-tokens-missing-next = Запустите установку из самого портала, а не по прямой ссылке.
problem-install-host-refused = Сервер авторизации не из числа доверенных
problem-install-host-refused-next = Если портал использует другой сервер намеренно, добавьте его в COURIER24_BITRIX_AUTH_HOSTS.
problem-install-token-rejected = Токен портала не принят
problem-install-token-rejected-next = Обновите страницу в портале и попробуйте ещё раз.
problem-install-other-application = Токен принадлежит другому приложению
problem-install-other-application-next = Сверьте COURIER24_BITRIX_CLIENT_ID и COURIER24_BITRIX_CLIENT_SECRET с карточкой приложения.
problem-install-other-portal = Токен принадлежит другому порталу
problem-install-other-portal-next = Откройте установку в том портале, для которого она предназначена.
problem-install-not-admin = Установить приложение может только администратор портала
problem-install-not-admin-next = Попросите администратора портала открыть приложение.
problem-install-address-refused = Сервису нельзя обращаться к адресу портала
problem-install-address-refused-next = Портал во внутренней сети нужно указать в COURIER24_PRIVATE_HOSTS.
problem-install-unknown-portal = Приложение не установлено в этом портале
problem-install-unknown-portal-next = Сначала установите его: это может сделать администратор портала.
problem-install-unavailable = Портал или его сервер авторизации не отвечает
problem-install-unavailable-next = Ничего не изменилось. Попробуйте ещё раз через минуту.
problem-not-configured = Ключи приложения не заданы
problem-not-configured-next = Задайте COURIER24_BITRIX_CLIENT_ID и COURIER24_BITRIX_CLIENT_SECRET из карточки приложения и перезапустите сервис.
problem-hook-unknown = Такого адреса вебхука нет
problem-hook-unknown-next = Скопируйте webhook_url канала целиком и укажите его у провайдера.
problem-not-committed = Запрос не сохранён
problem-not-committed-next = Ничего не произошло. Повторите через время из Retry-After; если не помогает, проверьте базу данных и диск.
problem-setting-invalid =
    Настройка { $field } не принята: { $reason ->
        [required] она обязательна.
        [not_text] нужен текст.
        [not_digits] нужен номер телефона с кодом страны.
        [not_number] нужно целое число в допустимых пределах.
        [not_url] нужен адрес, который начинается с http.
        [not_hh_mm_hh_mm] нужно время в виде 21:00-09:00 или off.
        [unknown_field] у каналов этого вида такой настройки нет.
        [unknown_choice] такого слова нет среди возможных.
        [too_long] слишком длинно.
        [no_such_channel] в этом портале нет канала с таким id или именем.
        [own_channel] канал не может заменять сам себя; назовите другой.
        [name_not_unique] это имя у нескольких каналов; укажите id.
       *[other] { $reason }.
    }
problem-setting-invalid-next = Исправьте её; настройки каналов описывает GET /api/v1/channel-kinds.
problem-kind-unknown = Вида канала «{ $kind }» нет
problem-kind-unknown-next = Возьмите один из списка GET /api/v1/channel-kinds.
problem-pairing-unsupported = К каналу этого вида телефон не привязывается
problem-profile-unsupported = У каналов этого вида здесь нет профиля компании
problem-pairing-unsupported-next = Подключите канал ключами провайдера; телефон привязывают только шлюзы к телефону (pairing в GET /api/v1/channel-kinds).
problem-profile-unsupported-next = Измените его у самого провайдера.
problem-templates-unsupported = У этого провайдера нет списка шаблонов
problem-templates-unsupported-next = Укажите в роботе идентификатор шаблона у провайдера.
problem-provider-refused = Провайдер отказал: { $text }
problem-provider-refused-next = Проверьте ключи канала и кабинет провайдера (его код: { $provider_code }).
problem-provider-unreachable = Провайдер не отвечает
problem-provider-unreachable-next = Попробуйте через минуту; если для провайдера задан свой адрес, проверьте его.
problem-media-gone = Такого файла нет
problem-media-gone-next = Адрес неверен или срок хранения истёк; отправьте сообщение снова, если файл ещё нужен.
problem-range-invalid = Запрошенной части файла нет
problem-range-invalid-next = Запросите диапазон в пределах размера файла.
problem-not-ready = Сервис сейчас не может этого сделать
problem-not-ready-next = Повторите через время из Retry-After; если не помогает, посмотрите журнал.
problem-internal = В сервисе произошла ошибка
problem-internal-next = Сообщите оператору сервиса request_id: по нему причина находится в журнале.
problem-rights-missing = На это у вас нет прав.
problem-rights-missing-next = Попросите администратора портала: каналы, роботы и настройки доступны администраторам, переписка — тем, кто видит сделку.
problem-document-hidden = CRM не показывает вам этот документ.
problem-document-hidden-next = Попросите права на чтение у администратора CRM и откройте карточку снова.
problem-portal-silent = Портал не ответил.
problem-portal-silent-next = Повторите через минуту; ничего не потеряно.
problem-message-refused = Сообщение не отправлено
problem-message-refused-next = { $text }
problem-idempotency-conflict = Этот Idempotency-Key уже занят другим запросом
problem-idempotency-conflict-next = Возьмите новый ключ для нового запроса; повтор того же запроса должен иметь то же тело. Ключ помнится 24 часа.
problem-idempotency-key-invalid = Заголовок Idempotency-Key не подходит
problem-idempotency-key-invalid-next = Ключ — от 1 до 255 печатных знаков ASCII.
problem-files-too-many = Слишком много файлов ждут отправки
problem-files-too-many-next = Файлы, не вошедшие ни в одно сообщение, удаляются через сутки. Отправьте их или подождите; большие файлы давайте ссылкой.
problem-outcome-known = Это сообщение не ждёт решения (статус { $status })
problem-outcome-known-next = Закрывают только свои сообщения со статусом unknown. Обновите страницу: статус мог прийти.
problem-not-resendable = Это сообщение нельзя отправить ещё раз (статус { $status })
problem-not-resendable-next = Повторно отправляются только свои сообщения со статусом failed или unknown; уже повторённое отправляйте по его новому номеру.
problem-already-resent = Это сообщение уже отправлено ещё раз
problem-already-resent-next = Смотрите новое сообщение (вызов { $call_id }); если и оно не дошло, повторите его.
problem-quick-reply-exists = Быстрый ответ «{ $name }» уже есть
problem-quick-reply-exists-next = Измените его через PUT или возьмите другое имя.
problem-quick-reply-used = Быстрый ответ «{ $name }» используется
problem-quick-reply-used-next = Сначала уберите его из настроек: { $settings }.
problem-portal-unreachable = Портал сейчас не отвечает
problem-portal-unreachable-next = Ничего не отправлено. Повторите через минуту; если портал приостановлен, откройте приложение администратором.
