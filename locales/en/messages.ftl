# Statuses of messages (the words of INTERFACE.md) and words of the timeline.
status-queued = queued
status-held = held
status-sending = sending
status-accepted = accepted
status-sent = sent
status-delivered = delivered
status-read = read
status-played = played
status-failed = not delivered
status-unknown = unknown
status-skipped = skipped
status-cancelled = cancelled
status-deleted = deleted
status-received = received

# What a status means, in one sentence.
status-queued-means = The message is stored and waits for its turn.
status-held-means = The message leaves when the client writes, quiet hours end or the channel works again.
status-sending-means = The message is being handed to the provider.
status-accepted-means = The provider took the message. That is not delivery yet.
status-sent-means = WhatsApp took the message.
status-delivered-means = The message is on the client's device.
status-read-means = The client opened the message.
status-played-means = The client played the voice message.
status-failed-means = The message did not arrive and will not be repeated by itself.
status-unknown-means = It is not known whether the message went. Look at the conversation before sending again.
status-skipped-means = The message was not sent on purpose.
status-cancelled-means = The message was stopped before it left.
status-deleted-means = Its author deleted the message.
status-received-means = A message from the client.

timeline-title = WhatsApp: { $status }
timeline-recipient = To
timeline-channel = Channel
timeline-reason = Why

count-messages = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
