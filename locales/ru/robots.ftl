# Роботы и действия бизнес-процессов: названия, поля, варианты, результаты.
robot-send_text-name = WhatsApp: отправить текст
robot-send_text-description = Отправляет клиенту сообщение со свободным текстом. На официальных каналах — пока открыто окно 24 часа.
robot-send_template-name = WhatsApp: отправить шаблон
robot-send_template-description = Отправляет клиенту одобренный шаблон WhatsApp. Можно в любое время.
robot-check_window-name = WhatsApp: проверить окно 24 часа
robot-check_window-description = Сообщает, можно ли сейчас писать клиенту свободным текстом и до какого времени. Ничего не отправляет.
robot-chat_link-name = WhatsApp: ссылка на чат
robot-chat_link-description = Готовит ссылку wa.me и QR-код: клиент откроет чат с заготовленным текстом. Ничего не отправляет.

channel-default-none = Канал по умолчанию (ещё не выбран)

property-channel-name = Канал
property-channel-description = С какого номера WhatsApp отправлять
property-phone-name = Телефон
property-phone-description = Пусто — телефон берётся из карточки: сделка → контакт, компания; лид → свой
property-phone_choice-name = Если номеров несколько
property-on_closed_window-name = Если окно 24 часа закрыто
property-hold_hours-name = Сколько часов ждать открытия окна
property-hold_hours-description = От 1 до 168
property-fallback_template-name = Запасной шаблон
property-fallback_template-description = название:язык, например order_ready:ru
property-fallback_params-name = Значения запасного шаблона
property-fallback_params-description = 1=значение или значения по порядку
property-wait_for-name = Продолжить процесс, когда сообщение
property-wait_hours-name = Ждать не дольше, часов
property-wait_hours-description = От 1 до 720; затем процесс узнаёт достигнутый статус
property-write_fields-name = Записать результаты в поля
property-write_fields-description = ПОЛЕ = результат, например UF_CRM_X = status
property-to_timeline-name = Показать в таймлайне
property-to_open_line-name = Показать в открытой линии
property-to_open_line-description = Действует, когда открытая линия подключена к этому приложению; до тех пор журнал пишет, что там не показано
property-expressions-name = Читать тексты как выражения
property-expressions-description = {"{{"}deal.title{"}}"}, {"{{"}contact.name{"}}"} и функции; надёжнее сохранённые выражения pattern:ИМЯ
property-on_missing-name = Если значение пустое
property-text-name = Текст сообщения
property-text-description = До 4096 символов
property-chat_link-text-name = Заготовленный текст
property-chat_link-text-description = Клиент увидит его в поле ввода и сможет изменить
property-preview_link-name = Показывать предпросмотр ссылки
property-template-name = Шаблон
property-template-description = название:язык, например order_ready:ru, или номер шаблона у провайдера
property-params-name = Значения шаблона
property-params-description = По одному на переменную: 1=значение, имя=значение или просто по порядку
property-header-name = Заголовок шаблона
property-header-description = Текст, ссылка на файл, disk:ID или field:UF_…
property-button_params-name = Значения кнопок
property-button_params-description = номер=значение, кнопки считаются с нуля: 0=order-118

option-phone_choice-first_valid = первый подходящий
option-phone_choice-last_replied = с которого клиент писал последним
option-phone_choice-all = все (до 10)
option-on_closed_window-fail = не отправлять, сообщить процессу
option-on_closed_window-template = отправить запасной шаблон
option-on_closed_window-hold = ждать, пока клиент напишет
option-wait_for-none = сразу, не ждать
option-wait_for-accepted = принято к отправке
option-wait_for-delivered = доставлено
option-wait_for-read = прочитано
option-on_missing-fail = не отправлять, сообщить процессу
option-on_missing-empty = отправить без него
option-on_missing-skip = пропустить сообщение

result-status-name = Статус
result-ok-name = Получилось
result-message_id-name = Номер сообщения
result-recipient-name = Получатель
result-error_code-name = Код ошибки
result-error_text-name = Что пошло не так и что делать
result-window_open-name = Окно 24 часа открыто
result-window_until-name = Окно открыто до
result-rendered_text-name = Отправленный текст
result-cost-name = Стоимость
result-currency-name = Валюта
result-category-name = Категория шаблона
result-minutes_left-name = Осталось минут
result-free_text_allowed-name = Можно писать свободно
result-link-name = Ссылка на чат
result-qr_url-name = Адрес QR-кода
robot-set_consent-name = WhatsApp: согласие клиента
robot-set_consent-description = Записывает, что клиент согласен или отказался, либо узнаёт, как он решил. Ничего не отправляет.
robot-check_number-name = WhatsApp: проверить номер
robot-check_number-description = Узнаёт, есть ли номер в WhatsApp, если провайдер это умеет. Ничего не отправляет.
property-action-name = Что сделать
property-scope-name = О чём
property-evidence-name = Подтверждение
property-evidence-description = Как и когда клиент это сказал; до 1000 знаков
option-action-opt_in = записать согласие
option-action-opt_out = записать отказ
option-action-read = только узнать
option-scope-marketing = рекламные шаблоны
option-scope-all = все сообщения
result-consent-name = Согласие
result-exists-name = Есть в WhatsApp (Y, N, E)
