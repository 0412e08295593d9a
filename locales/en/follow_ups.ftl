# Follow-ups: the words of the robots, of their hints, and of why one was not sent.
robot-follow_up-name = WhatsApp: follow up
robot-follow_up-description = Sends the client a message later, unless the client replies, the deal moves on or ends, or the client opts out first.
robot-cancel_follow_ups-name = WhatsApp: cancel follow-ups
robot-cancel_follow_ups-description = Ends the document's follow-ups that have not been sent yet. Sends nothing.

property-when-name = When
property-offset_minutes-name = Minutes before or after
property-offset_minutes-description = 0 = the very moment; up to 525600 (a year)
property-at-name = Date and time
property-at-description = For “at a time”: 21.09.2026 17:30:00 or ISO 8601
property-calendar-name = Allowed moments
property-calendar-description = Empty = any; working_hours; or a cron expression such as 0 10 * * 1-5
property-time_zone-name = Time zone
property-time_zone-description = Such as Europe/Moscow; empty = the client's if the number tells it, else the portal's
property-follow_up-text-description = For the open window; up to 4096 characters
property-follow_up-template-description = name:language; goes when there is no text or the window is closed
property-stop_on-name = Ends when
property-chain-name = Chain
property-chain-description = The same name = one chain of this document and client: it ends as a whole
property-cancel_follow_ups-chain-description = Empty = all chains
property-cancel_follow_ups-phone-description = Empty = of all clients of this document
property-repeat-name = Repeat, times
property-repeat-description = Further messages after the first; 0 = none

option-when-before_window_closes = before the 24-hour window closes
option-when-after_window_closed = after the 24-hour window closed
option-when-after_silence = after the client's silence
option-when-at = at a time
option-stop_on-reply = the client replies
option-stop_on-stage_change = the document changes its stage
option-stop_on-won_lost = the document is won or lost
option-stop_on-opt_out = the client opts out

result-follow_up_id-name = Follow-up id
result-due_at-name = Due at
result-cancelled-name = Cancelled

hint-calendar = It takes nothing, working_hours, or a cron expression such as 0 10 * * 1-5.
hint-calendar-never = This expression fits no moment at all: correct the day and the month.
hint-moment = It takes a date and time: 21.09.2026 17:30:00, or 2026-09-21T17:30:00+03:00.
hint-moment-passed = This moment has passed. Give one in the future.
hint-time_zone = It takes a name such as Europe/Moscow or Asia/Almaty.
hint-template-needed = After the window has closed WhatsApp takes templates only: name one.
hint-document = It takes a CRM document such as DEAL_512, LEAD_7 or DYNAMIC_1046_25.

problem-follow-up-refused = The follow-up was not made.
problem-follow-up-refused-next = { $text }

# A setting of every channel.
connect-setting-quiet_hours = Hours in which nothing leaves that the client has not just asked for, such as 21:00-09:00; off = none; empty = as the portal.
