# Триггеры CRM: названия в списке триггеров приложения на стадии.
trigger-client_replied-name = WhatsApp: клиент ответил
trigger-button_pressed-name = WhatsApp: клиент нажал кнопку
trigger-message_read-name = WhatsApp: сообщение прочитано
trigger-message_failed-name = WhatsApp: сообщение не доставлено
trigger-window_closing-name = WhatsApp: окно 24 часа скоро закроется
trigger-window_closed-name = WhatsApp: окно 24 часа закрылось
