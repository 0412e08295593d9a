# Waits: the robots wait_reply and wait_status, inbound messages.
robot-wait_reply-name = WhatsApp: wait for the reply
robot-wait_reply-description = Waits for the client's answer to what was sent before, and reads it. Writes only when it has a question to repeat.
robot-wait_status-name = WhatsApp: wait for the status
robot-wait_status-description = Waits until a message sent before is accepted, delivered or read. Sends nothing.

property-wait_reply-channel-description = On which WhatsApp number the answer is waited for
property-wait_reply-reply_minutes-name = Wait for the reply, minutes
property-wait_reply-reply_minutes-description = From 1 to 43200; then the process learns that there was no answer
property-wait_reply-expected-name = Expected answers
property-wait_reply-expected-description = code=word,word; also number, date, phone, yes_no, /regular expression/. Empty: any answer will do
property-wait_reply-ask_again-name = Ask again
property-wait_reply-ask_again-description = The words for an answer that did not fit
property-wait_reply-attempts-name = How many answers to read
property-wait_reply-attempts-description = 0: one, or three when there are words to ask again
property-wait_status-message_id-name = Message number
property-wait_status-message_id-description = The result "Message number" of a sending robot; several as a comma list

result-reply_code-name = Code of the answer
result-wait_reply-reply_text-name = Text of the answer
result-reply_type-name = Kind of the answer
result-reply_file-name = Link to the answer's file
result-wait_reply-reply_id-name = Code of the button, or the value that was read
result-attempts_used-name = Answers read
result-wait_reply-timed_out-name = No answer came

hint-expected = It takes "code=word,word", a single word, number, date, phone, yes_no or /regular expression/.
hint-expected-pattern = The regular expression is written wrongly or is too large.
hint-expected-many = Too many expected answers or words.
hint-message_id = There is no such outgoing message. Take the result "Message number" of the robot that sent it.

timeline-title-in = WhatsApp: the client wrote
timeline-deleted = deleted by the client
timeline-edited = changed by the client
timeline-from = From
timeline-file = File
timeline-reaction = Reaction: { $text }
kind-text = message
kind-image = picture
kind-video = video
kind-audio = audio
kind-document = document
kind-sticker = sticker
kind-location = location
kind-contacts = contact
kind-button = button
kind-button_reply = button
kind-list_reply = list row
kind-flow_reply = form answer
kind-address_reply = address
kind-reaction = reaction
kind-order = order
kind-unsupported = a message that WhatsApp does not pass on
lead-title = WhatsApp: { $name }
