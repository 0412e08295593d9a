# CRM triggers: names in a stage's list of the application's triggers.
trigger-client_replied-name = WhatsApp: client replied
trigger-button_pressed-name = WhatsApp: client pressed a button
trigger-message_read-name = WhatsApp: message read
trigger-message_failed-name = WhatsApp: message not delivered
trigger-window_closing-name = WhatsApp: 24-hour window closes soon
trigger-window_closed-name = WhatsApp: 24-hour window closed
