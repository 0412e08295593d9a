# How to connect a channel of each kind; one line a step.
connect-gupshup-title = Gupshup
connect-gupshup =
    In Gupshup open the WhatsApp app and copy its name, its id (App ID), its number and the API key into the settings.
    Create the channel here and copy webhook_url.
    In Gupshup open Webhooks of the app, add webhook_url, choose the events message, enqueued, sent, delivered, read, failed, and save.
    Read the template list and send yourself a template as a test.
connect-gupshup-setting-app_name = Name of the WhatsApp app in Gupshup, exactly as shown there.
connect-gupshup-setting-app_id = Id of the app (App ID). Without it templates are read from the older list by the app's name.
connect-gupshup-setting-source = The app's WhatsApp number, digits with country code.
connect-gupshup-setting-api_key = API key of the Gupshup account.
connect-gupshup-setting-partner_token = Token of the partner API for this app, if you have one: sends buttons and registers the webhook by itself.
connect-gupshup-setting-hook_header = A secret word that Gupshup repeats in a header of every event; only with the partner API.
connect-gupshup-setting-rate = Messages per second that this channel may send, 1 to 1000. Empty: 10. Gupshup names no figure; a limit it tells slows the channel down by itself.
connect-gupshup-setting-mark_opt_in = When a client's number is put on Gupshup's opt-in list: on_consent, never, or before_first_template.
connect-meta-title = Meta Cloud API
connect-meta =
    In Meta for Developers create a permanent token of a system user with the WhatsApp permissions.
    Copy phone_number_id, waba_id, the token and the app secret into the settings; invent a verify_token.
    Create the channel here and copy webhook_url.
    In the app's WhatsApp settings set webhook_url and the verify_token, and subscribe to messages and message_template_status_update.
connect-green-api-title = Green-API
connect-green-api =
    In the Green-API console create an instance and copy its id and token into the settings.
    Create the channel here and copy webhook_url.
    Link the phone by scanning the QR code in the console.
    Set webhook_url in the instance with the webhook token, and switch on notices of incoming messages and of statuses.
connect-waha-title = WAHA
connect-waha =
    Start your WAHA gateway; a gateway inside a private network has to be listed in COURIER24_PRIVATE_HOSTS.
    Copy its address, the session's name and the API key into the settings.
    Create the channel here, copy webhook_url and set it in the session with the events message and message.ack.
    Link the phone by scanning the session's QR code.
connect-twilio-title = Twilio
connect-twilio =
    In the Twilio console copy the Account SID, the auth token and the WhatsApp sender into the settings.
    Create the channel here and copy webhook_url.
    Set webhook_url as the address of incoming messages and as the status callback of the sender.
