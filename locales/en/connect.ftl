# How to connect a channel of each kind; one line a step.
connect-setting-rate = Messages per second that this channel may send, 1 to 1000. Empty: the usual figure of the provider; a phone behind a gateway then pauses 5 to 15 seconds between messages, so that it is not banned. A limit that the provider tells slows the channel down by itself.
connect-setting-failover = Id or exact name of another channel of this portal (kept by id): new messages leave through it while this channel cannot send (keys refused, phone unlinked, blocked, limited). The second channel keeps the rules of its own number. Empty: new messages are refused or wait.
connect-setting-portfolio = Name of the business portfolio: channels with the same name share one daily limit. Empty: the channel has its own.
connect-setting-daily_limit = How many new people a day may be written to: outside the 24-hour window, or, by a phone behind a gateway, who never wrote to you. Empty: as the provider tells; a phone by warm_up.
connect-setting-on_limit = What happens when the daily limit is reached: hold = the message waits for a place, refuse = the process is told at once.
connect-setting-mark_read = off = clients are not shown that their message was read; read = they are, as soon as it is here; typing (Meta) = they also see that an answer is being written.
connect-setting-warm_up = Phones behind gateways: on = a new number may write to 20 strangers a day in its first week, then a quarter more each day, 200 from the fifth week; off = the number has a history, 200 from the first day. Who has written to you is no stranger.
connect-setting-daily_cap = Phones behind gateways: how many messages may leave in 24 hours, whoever gets them. Empty: 5000.
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
connect-gupshup-setting-mark_opt_in = When a client's number is put on Gupshup's opt-in list: on_consent, never, or before_first_template.
connect-meta-title = Meta Cloud API
connect-meta =
    In Meta for Developers create a permanent token of a system user with the WhatsApp permissions.
    Copy phone_number_id, waba_id, the token and the app secret into the settings; invent a verify_token.
    Create the channel here and copy webhook_url.
    webhook_url is set at the account by itself when the token may do it; otherwise set it with the verify_token in the app's WhatsApp settings.
    Subscribe the app to messages, message_template_status_update, account_update and user_preferences.
connect-meta-setting-phone_number_id = Id of the WhatsApp number (Phone number ID), not the number itself.
connect-meta-setting-waba_id = Id of the WhatsApp Business account.
connect-meta-setting-access_token = Permanent token of a system user with whatsapp_business_messaging and whatsapp_business_management.
connect-meta-setting-app_secret = App secret: it proves that events come from Meta.
connect-meta-setting-verify_token = A word that you invent; Meta repeats it when it checks webhook_url.
connect-meta-setting-phone = The number itself for links to the chat. Empty: read from Meta.
connect-meta-setting-api_version = Version of the Graph API, such as v23.0. Empty: the one this release was made for.
connect-meta-setting-app_secret_proof = yes, if the app demands a proof of its secret with every call.
connect-green-api-title = Green-API
connect-green-api =
    In the Green-API console create an instance and copy its id and token into the settings.
    Create the channel here and copy webhook_url.
    Link the phone: ask for the channel's pairing here and scan the QR code with it, or type the code; the console shows the same QR code.
    The address webhook_url, the webhook token you invented and the notices are set in the instance by themselves; it restarts for up to five minutes.
connect-green-api-setting-id_instance = Id of the instance (idInstance) from the console.
connect-green-api-setting-api_token = Token of the instance (apiTokenInstance).
connect-green-api-setting-webhook_token = A word that you invent; Green-API shows it with every event.
connect-green-api-setting-api_url = Address of the instance (apiUrl), if the console shows one of its own.
connect-green-api-setting-phone = Number of the linked phone. Empty: taken from the first phone that is linked; another phone then stops the channel until you enter its number here.
connect-waha-title = WAHA
connect-waha =
    Start your WAHA gateway; a gateway inside a private network has to be listed in COURIER24_PRIVATE_HOSTS.
    Copy its address, the session's name and the API key into the settings.
    Create the channel here: webhook_url is set in the session by itself, which restarts it; an hmac_key proves what the gateway reports.
    Link the phone: ask for the channel's pairing here and scan the QR code with it, or type the code.
connect-waha-setting-base_url = Address of the gateway, such as https://waha.example.org.
connect-waha-setting-session = Name of the session; default in a fresh gateway.
connect-waha-setting-api_key = API key of the gateway.
connect-waha-setting-hmac_key = A secret with which the gateway signs its events. Without it only the secret webhook_url proves them.
connect-waha-setting-phone = Number of the linked phone. Empty: taken from the first phone that is linked; another phone then stops the channel until you enter its number here.
connect-twilio-title = Twilio
connect-twilio =
    In the Twilio console copy the Account SID, the auth token and the WhatsApp sender into the settings.
    Create the channel here and copy webhook_url.
    Set webhook_url as the address of incoming messages of the sender, exactly as shown; statuses are asked for with every message.
connect-twilio-setting-account_sid = Account SID from the console.
connect-twilio-setting-auth_token = Auth token of the account: it sends, and proves that events come from Twilio.
connect-twilio-setting-sender = WhatsApp sender, such as whatsapp:+14150000000, or the SID of a messaging service (MG…).
# What to do about the state of a channel.
channel-next-new = Finish the steps of connecting; the first event or a read template list proves the channel.
channel-next-pairing = Link the phone: ask for the channel's pairing and scan the QR code with it, or type the code.
channel-next-limited = It sends, with limits: read the reason. Check the number's quality and restrictions at the provider; where another channel has taken the number over, remove one of the two.
channel-next-paused = The provider stopped sending: read the reason. Top up the balance or the plan; after a yellow card leave the phone alone for a day or more. It goes on by itself when the provider says so, or resume it here.
channel-next-blocked = WhatsApp or the provider blocked this number. Ask them why and for a review; until then name a second channel in failover.
channel-next-auth_failed = The provider refused the keys. Enter working ones in the channel's settings: what waits leaves then.
channel-next-disconnected = The session of the phone is lost, or another phone is linked. Link the phone again (pairing), or enter its number in phone if it was changed on purpose.
