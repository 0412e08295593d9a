# Automation rules and workflow activities: names, fields, options, results.
robot-send_text-name = WhatsApp: send text
robot-send_text-description = Sends the client a free-form message. On official channels while the 24-hour window is open.
robot-send_template-name = WhatsApp: send template
robot-send_template-description = Sends the client an approved WhatsApp template. Possible at any time.
robot-check_window-name = WhatsApp: check the 24-hour window
robot-check_window-description = Tells whether the client may be written to freely now, and until when. Sends nothing.
robot-chat_link-name = WhatsApp: chat link
robot-chat_link-description = Makes a wa.me link and a QR code: the client opens the chat with a prepared draft. Sends nothing.

channel-default-none = Default channel (not chosen yet)

property-channel-name = Channel
property-channel-description = Which WhatsApp number to send from
property-phone-name = Phone
property-phone-description = Empty = from the document: deal → contact, company; lead → its own
property-phone_choice-name = With several numbers
property-on_closed_window-name = If the 24-hour window is closed
property-hold_hours-name = Hours to wait for the window
property-hold_hours-description = 1 to 168
property-fallback_template-name = Fallback template
property-fallback_template-description = name:language, such as order_ready:en
property-fallback_params-name = Values of the fallback template
property-fallback_params-description = 1=value, or values in order
property-wait_for-name = Go on when the message is
property-wait_hours-name = Wait at most, hours
property-wait_hours-description = 1 to 720; then the process learns the status reached
property-write_fields-name = Write results to fields
property-write_fields-description = FIELD = result, such as UF_CRM_X = status
property-to_timeline-name = Show in the timeline
property-to_open_line-name = Show in the Open Channel
property-to_open_line-description = Takes effect once an Open Channel is connected to this application; until then the journal says that it was not shown there
property-expressions-name = Read texts as expressions
property-expressions-description = {"{{"}deal.title{"}}"}, {"{{"}contact.name{"}}"} and functions; stored expressions pattern:NAME are safer
property-on_missing-name = If a value is empty
property-text-name = Message text
property-text-description = Up to 4096 characters
property-chat_link-text-name = Prepared draft
property-chat_link-text-description = The client sees it in the input field and can change it
property-preview_link-name = Show a link preview
property-template-name = Template
property-template-description = name:language, such as order_ready:en, or the provider's id
property-params-name = Template values
property-params-description = One for each variable: 1=value, name=value, or simply in order
property-header-name = Template header
property-header-description = Text, link to a file, disk:ID or field:UF_…
property-button_params-name = Button values
property-button_params-description = number=value, buttons are counted from zero: 0=order-118

option-phone_choice-first_valid = the first valid one
option-phone_choice-last_replied = the one the client last wrote from
option-phone_choice-all = all (up to 10)
option-on_closed_window-fail = do not send, tell the process
option-on_closed_window-template = send the fallback template
option-on_closed_window-hold = wait until the client writes
option-wait_for-none = at once, do not wait
option-wait_for-accepted = accepted for sending
option-wait_for-delivered = delivered
option-wait_for-read = read
option-on_missing-fail = do not send, tell the process
option-on_missing-empty = send without it
option-on_missing-skip = skip the message

result-status-name = Status
result-ok-name = Succeeded
result-message_id-name = Message id
result-recipient-name = Recipient
result-error_code-name = Error code
result-error_text-name = What went wrong and what to do
result-window_open-name = 24-hour window is open
result-window_until-name = Window is open until
result-rendered_text-name = Text sent
result-cost-name = Cost
result-currency-name = Currency
result-category-name = Template category
result-minutes_left-name = Minutes left
result-free_text_allowed-name = Free text is allowed
result-link-name = Chat link
result-qr_url-name = Address of the QR code
robot-set_consent-name = WhatsApp: client's consent
robot-set_consent-description = Writes down that the client agrees or refuses, or tells how they decided. Sends nothing.
robot-check_number-name = WhatsApp: check number
robot-check_number-description = Tells whether the number is on WhatsApp, where the provider can say. Sends nothing.
property-action-name = What to do
property-scope-name = About what
property-evidence-name = Evidence
property-evidence-description = How and when the client said so; up to 1000 characters
option-action-opt_in = write down an agreement
option-action-opt_out = write down a refusal
option-action-read = only tell
option-scope-marketing = marketing templates
option-scope-all = all messages
result-consent-name = Consent
result-exists-name = On WhatsApp (Y, N, E)
