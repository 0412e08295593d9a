# What to do about a provider's error, and the channel select of rules.

channel-option-default = Default channel: { $name }
channel-option-none = Default channel: none connected yet
channel-option-deleted = { $name } (deleted)

advice-sandbox = The number is not linked to the test application. The client has to write "PROXY" and the name of the application first.
advice-not-on-whatsapp = This number has no WhatsApp or cannot be reached there. Check the number in the card or write in another way.
advice-wallet = The account at the provider has run out of money. Top it up, then resume the channel in the application.
advice-templates-off = Messages outside the 24-hour window are switched off for this application at the provider. Ask the provider's support to enable templates.
advice-template-no-match = The provider did not recognise the template. Refresh the list of templates in the application and check the values in the rule's settings.
advice-not-opted-in = The client is not on the provider's opt-in list and has not written lately. Get the client's consent and add the number to the list, for example with the channel setting "mark_opt_in".
advice-not-opted-in-no-match = The client is not on the provider's opt-in list, and the template was not recognised. Get the client's consent, add the number to the list and refresh the list of templates.
advice-media-url = The file could not be fetched or has the wrong type. Check that the link opens without signing in and that the file is of the right kind.
advice-media-size = The file is too large for WhatsApp. Make it smaller or send a link to it.
advice-opted-out = The client has refused messages or blocked the sender. Do not write to the client on WhatsApp until the client writes first.
advice-platform-limit = The provider has limited this application. Stop sending for a while and ask the provider's support.
advice-hosting = The provider's application is hosted in the old way and cannot send this. Choose another kind of message or ask the provider to move it to the Cloud API.
advice-template-paused = WhatsApp has paused the template because of clients' complaints. Wait until it is released or choose another template.
advice-template-disabled = WhatsApp has disabled the template for good. Create a new one.
advice-marketing-cap = WhatsApp held the advertising message back: the client has received too many lately. Try again in a day at the earliest; a reply from the client lifts the limit.
advice-class-auth = The key of the channel is wrong or has expired. Open the application and enter a new one in the channel's settings.
advice-class-permission = The key of the channel has no right to do this. Check the key and the access at the provider.
advice-class-rate-limit = Too many messages at once. The message is repeated automatically; if that goes on, send less at a time.
advice-class-pair-limit = Too many messages to one client in a short time. The message is repeated automatically a little later.
advice-class-window-closed = More than 24 hours have passed since the client last wrote. Send an approved template or wait until the client writes.
advice-class-bad-recipient = A message cannot be sent to this number. Check the number in the card.
advice-class-template = The template or its values do not fit. Refresh the list of templates in the application and check the rule's settings.
advice-class-payload = The provider did not accept the message as it is. Check the rule's settings and the channel's name and number.
advice-class-policy = WhatsApp has restricted the account or the number. Open the account's page at WhatsApp or at the provider and follow what it says.
advice-class-session = The connection with WhatsApp is lost. Open the application and connect the channel again.
advice-class-transient = A temporary fault at the provider. The message is repeated automatically.
advice-class-unknown = Look the provider's code up in its documentation or ask its support.
