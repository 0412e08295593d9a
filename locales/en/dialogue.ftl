# Narration of `courier24 demo --story dialogue`: a client's conversation with robots.
talk-zone = Europe/London
talk-phone = 447400123456
talk-client = Emily
talk-business = Oslo Sofas
talk-source = 442079460118
talk-latitude = 51.5346
talk-longitude = -0.1276
talk-goods = Oslo sofa
talk-deal = Oslo sofa, order 118
talk-file = Invoice 118.pdf
talk-courier = Tom Baker
talk-courier-phone = +44 7400 123457

# What the business sends.
talk-template-packed = Hello { "{{1}}" }! Your { "{{2}}" }, order { "{{3}}" }, is packed and ready at our warehouse. Press the button and we will arrange the delivery.
talk-template-feedback = { "{{1}}" }, we delivered your { "{{2}}" } today. Is everything all right? If not, just write to us here.
talk-template-sale = { "{{1}}" }, there is now an armchair to match your Oslo sofa, 20% off until the end of the month. No more offers? Reply "Stop".
talk-template-warranty = { "{{1}}" }, a reminder: your { "{{2}}" } has a five-year warranty. The card is in the box with the legs.
talk-button-arrange = Arrange delivery
talk-button-morning = Morning
talk-button-afternoon = Afternoon
talk-button-other = Another day
talk-button-hours = Choose a time
talk-button-place = Send location
talk-row-early = 1–3 pm
talk-row-early-note = right after lunch
talk-row-middle = 3–5 pm
talk-row-middle-note = our quietest hours
talk-row-late = 5–7 pm
talk-row-late-note = traffic is likely
talk-say-half = { $client }, we can deliver on Thursday, free of charge. Which part of the day suits you?
talk-say-hours = "{ $half }" it is, this Thursday. During which hours will you be at home?
talk-say-place = Great! Please send us the location of your front door: the satnav often leads to the wrong side of the house.
talk-say-lift = Thank you, we have found you on the map. Shall we carry the sofa upstairs? Please answer "yes" or "no".
talk-say-again = Sorry, I cannot listen to voice messages yet. Please write it in a word: shall we carry the sofa upstairs, yes or no?
talk-yes-words = yes,yeah,please do,sure
talk-no-words = no,no need,ourselves
talk-say-invoice = Your invoice: £649, delivery and carrying upstairs included. Please pay today or tomorrow and Thursday is yours.
talk-say-unpaid = Emily, we have not seen the payment for invoice 118 yet. We are holding Thursday for you a little longer. Can we help?
talk-say-paid = We have received your payment, thank you! Tom will be with you on Thursday, { $time }. Here is his number.
talk-say-tomorrow = Emily, your sofa arrives tomorrow, { $time }. Tom will call an hour before. If your plans have changed, just write to us here.
talk-say-feedback = How do you like your sofa? Is everything all right?
talk-say-opted-out = All right, no more offers from us. We will still write about your orders. Changed your mind? Just send "Start".

# What the client does.
talk-client-yes = Yes, fifth floor
talk-client-paid = Paid, thank you!
talk-client-stop = Stop
talk-presses = presses [ { $title } ]
talk-chooses = chooses "{ $title }" from the list
talk-place = 📍 location: { $latitude }, { $longitude }
talk-quotes = ↩ replies to the offer: { $text }
talk-voice = 🎤 voice message

# Stages, fields, set-up.
talk-stage-new = New
talk-stage-packed = Order packed
talk-stage-arranging = Arranging delivery
talk-stage-payment = Awaiting payment
talk-stage-booked = Delivery booked
talk-stage-delivered = Delivered
talk-field-status = Packed message
talk-field-half = Half of the day
talk-field-time = Delivery time
talk-field-latitude = Latitude
talk-field-longitude = Longitude
talk-field-lift = Carry upstairs
talk-field-silent = No feedback came
talk-field-promo = Offer
talk-field-why-not = Why the offer was not sent
talk-plan = Robots and processes that the administrator placed on the deal's stages:
talk-plan-packed = send_template: a template with a button. Pressing it (trigger button_pressed) moves the deal on
talk-plan-arranging = send_buttons → send_list → request_location → send_text → wait_reply: each step waits for the answer and writes it into a field
talk-plan-payment = send_file: the invoice from Drive; follow_up: a reminder an hour before the window closes
talk-plan-booked = send_text → send_contact → follow_up: the driver's card and a reminder of the delivery
talk-plan-delivered = send_text (window closed: a template) → wait_reply: two hours for feedback
talk-cast = { $deal }. The client is { $client }, { $phone }; { $business } writes to her from { $source }.

# Chapters.
talk-scene-packed = The order is packed: the first message goes as a template
talk-scene-arranging = The client answers by buttons and the deal takes notes
talk-scene-voice = A voice message instead of words: the robot asks again
talk-scene-invoice = The invoice, and a reminder that bides its time
talk-scene-paid = The client's reply cancels the reminder
talk-scene-silence = The client is silent: the second reminder fires
talk-scene-feedback = The window is closed: a template goes in place of words, nobody answers
talk-scene-stop = Four weeks later: an offer and the word "Stop"
talk-scene-refused = Another week later: the next offer does not go out
talk-scene-timeline = The deal's timeline as the manager sees it

# What happens in the deal.
talk-note-moved = The deal moves to the stage "{ $stage }": { $why }.
talk-why-warehouse = the warehouse has packed the order
talk-why-button = the trigger "client pressed a button" has fired
talk-why-answers = all answers are in, the process has ended
talk-why-paid = the manager has seen the payment
talk-why-delivered = the manager notes that the sofa has arrived
talk-note-process = The robot { $robot } answers the process: { $values }.
talk-note-field = Deal field "{ $label }" = { $value }   ({ $field })
talk-note-window = The conversation window is open until { $until }: plain text is allowed now.
talk-note-armed = A reminder is set for { $due }, an hour before the window closes ({ $until }).   { $id }
talk-note-stopped = The client replied, so the reminder is off: state=stopped, reason=reply.   { $id }
talk-note-fired = The reminder went at its time: state=sent.   { $id }
talk-note-fallback = The window is closed, so the robot send_text sent its fallback template how_was_it.
talk-note-sale = Repeat sales: send_template fires in the deal with the advertising template armchair_sale (MARKETING).
talk-note-warranty = The service template warranty (UTILITY) is not affected by the refusal: send_template fires in the deal.
talk-note-consent = The refusal is kept: no more advertising. The evidence is the word "{ $word }", { $message }.
talk-note-refused = Not sent: ok=N, error_code=opted_out. The deal learns why: "{ $text }"
talk-note-proof = Messages to the client: { $out }, from her: { $in }. All stand in the timeline, none went twice, no work is left over.
talk-silence-day = half the day has passed without a word from Emily
talk-silence-stopped = the invoice reminder was due at { $time }, but the client replied yesterday, and the phone is silent
talk-silence-read = Emily has read it and does not reply; at { $time } the window has closed. The robot check_window looks
talk-silence-wait = two hours have passed; Emily has read it and says nothing
talk-by-answer = the portal's answer to a refusal
talk-ticks-read = ✓✓ read { $time }
talk-ticks-delivered = ✓✓ delivered
talk-opening = Portal { $portal } and WhatsApp { $whatsapp } are simulated; the service is real, a process of its own in { $folder }.
    Portal, WhatsApp and service share one clock. Between two lines it is put forward, so that nobody waits for days; no timer is shortened.
talk-end = All { $scenes } chapters were played and every step was checked.

talk-day = { $weekday }, { $day } { $month }
talk-moment = { $day } { $month }, { $time }
talk-weekday-1 = Monday
talk-weekday-2 = Tuesday
talk-weekday-3 = Wednesday
talk-weekday-4 = Thursday
talk-weekday-5 = Friday
talk-weekday-6 = Saturday
talk-weekday-7 = Sunday
talk-month-1 = January
talk-month-2 = February
talk-month-3 = March
talk-month-4 = April
talk-month-5 = May
talk-month-6 = June
talk-month-7 = July
talk-month-8 = August
talk-month-9 = September
talk-month-10 = October
talk-month-11 = November
talk-month-12 = December

talk-expect-webhook = Expected within { $seconds } s: our webhook is registered at the provider.
talk-expect-rest = Expected within { $seconds } s: all work that was begun has ended.
talk-expect-phone = Expected within { $seconds } s: the robot's message is on the phone.
talk-expect-count = Expected another number of new messages on the phone, { $count } came.
talk-expect-read = Expected within { $seconds } s: the service knows that the message was read.
talk-expect-silence = Expected nothing on the phone, { $count } came.
talk-expect-heard = Expected within { $seconds } s: the client's message is in the journal.
talk-expect-button = Expected: the chat has the button "{ $title }".
talk-expect-stage = Expected within { $seconds } s: the trigger has moved the deal to its next stage.
talk-expect-answer = Robot { $robot }.
talk-expect-any-answer = Expected within { $seconds } s: the process gets the robot's answer.
talk-expect-values = The robot { $robot } gave other values: { $values }.
talk-expect-field = Expected within { $seconds } s: the deal's field is written.
talk-expect-window = Expected within { $seconds } s: the conversation's window is open.
talk-expect-template = Expected: outside of the window exactly this template went.
talk-expect-well = Expected: the process gets ok=Y.
talk-expect-file = Expected: a document came to the phone.
talk-expect-due = Expected: the reminder is set for an hour before the window closes and goes then, not earlier.
talk-expect-stopped = Expected within { $seconds } s: the client's reply has stopped the reminder.
talk-expect-sent = Expected within { $seconds } s: the reminder is marked as sent.
talk-expect-consent = Expected within { $seconds } s: the refusal of advertising is kept together with the word itself.
talk-expect-refused = Expected: the robot answers ok=N, error_code=opted_out and sends nothing.
talk-expect-timeline = Expected within { $seconds } s: all messages stand in the deal's timeline.
talk-expect-entries = Expected one timeline entry for each message, there are { $count }.
talk-expect-clean = Expected nothing left over: sent twice { $twice }, dead jobs { $dead }, forgotten reminders { $pending }.
