# Narration of `courier24 demo`.
demo-opening = Portal { $portal } and WhatsApp { $whatsapp } are simulated; the service is real, its folder is { $folder }
demo-end = All { $scenes } steps were observed.
demo-missed = STEP NOT OBSERVED. { $expected }
demo-interrupted = Interrupted.
demo-service-ended = The service ended by itself: { $status }
demo-log-kept = Log of the service: { $file }
demo-stays-open = Everything keeps running. The application's page in the portal: { $page } · service: { $service } · Ctrl-C ends it

demo-scene-service = The service starts as a process of its own
demo-scene-install = An administrator installs the application
demo-scene-robots = Robots appear in the portal
demo-scene-channel = The operator connects a Gupshup channel
demo-scene-templates = Templates come from the provider
demo-scene-deal = A deal reaches its stage: send_template fires
demo-scene-accepted = The provider accepted the message
demo-scene-kill = The service is killed (SIGKILL)
demo-scene-restart = The service comes back on the same database
demo-scene-delivered = The message is delivered
demo-scene-read = The client reads it
demo-scene-updated = The deal knows the truth
demo-scene-reply = The client answers and the window opens
demo-scene-text = The deal sends plain text: send_text
demo-scene-second = The same robot through a second channel: a gateway of the shop's own
demo-scene-proof = Nothing went twice

demo-client-name = Inna
demo-client-text = Until what time are you open?
demo-business-text = Until 8 pm today, see you!

demo-second-text = Your order is on its way.

demo-service-started = pid { $pid }, address { $url }
demo-service-ready = /health/ready answers 200
demo-installed = portal { $domain } is installed and active, member_id { $member_id }
demo-robots = robots: { $count } ({ $codes })
demo-channel = channel { $id }, number { $phone }; its webhook address is entered in the Gupshup dashboard
demo-templates = approved templates: { $count }
demo-deal-fired = deal { $deal }, phone { $phone } (switched off), template { $template }
demo-call-stored = call { $call } stored at { $at }
demo-accepted = message { $message } accepted at { $at }, Gupshup's id { $gs_id }
demo-sent = on WhatsApp's servers since { $at }: { $wamid }
demo-killed = process { $pid } killed without warning
demo-last-commit = last commit before its death: { $point } at { $at }
demo-callback-lost = the phone is on; the callback "delivered" (attempt { $attempt }, { $at }) found nobody
demo-restarted = new process, pid { $pid }
demo-first-commit = first action after the start: { $point } at { $at }
demo-callback-taken = Gupshup repeated the callback: attempt { $attempt } was taken at { $at }
demo-delivered = message { $message } delivered, recorded at { $at }
demo-on-the-phone = on the phone: "{ $text }"
demo-read = message { $message } read, recorded at { $at }
demo-process-answered = the process was answered: status={ $status }, ok={ $ok }
demo-field-written = deal { $deal }: { $field } = { $value }
demo-timeline = in the deal's timeline (state no. { $shown }): { $entry }
demo-client-wrote = the client writes "{ $text }" ({ $wamid }); Gupshup holds inbound messages for 5 seconds
demo-window-open = the window is open until { $until }
demo-second-channel = channel { $id } (WAHA), number { $phone }; it set its webhook at the gateway by itself
demo-proof = the client got { $count } messages and none twice, although the service died

demo-expect-ready = Expected within { $seconds } s: the service answers /health/ready.
demo-expect-installed = Expected within { $seconds } s: the portal is listed as installed and active.
demo-expect-robots = Expected within { $seconds } s: the robots send_template and send_text are registered without failures.
demo-expect-templates = Expected within { $seconds } s: all templates of the provider are listed for the channel.
demo-expect-call = Expected within { $seconds } s: the robot call is in the journal.
demo-expect-accepted = Expected within { $seconds } s: the message is accepted and sent.
demo-expect-one-message = Expected exactly one message at the provider, found { $count }.
demo-expect-sigkill = Expected: the process ended by signal 9.
demo-expect-commit = Expected: the service's log names a last commit.
demo-expect-lost-callback = Expected within { $seconds } s: the callback "delivered" finds no service.
demo-expect-first-commit = Expected within { $seconds } s: the new process makes its first commit.
demo-expect-callback = Expected within { $seconds } s: the repeated callback "delivered" is taken.
demo-expect-delivered = Expected within { $seconds } s: the message has status "delivered".
demo-expect-read = Expected within { $seconds } s: the message has status "read".
demo-expect-answer = Expected within { $seconds } s: the process gets the robot's answer.
demo-expect-field = Expected within { $seconds } s: the deal's field is written.
demo-expect-timeline = Expected within { $seconds } s: an entry in the deal's timeline.
demo-expect-window = Expected within { $seconds } s: the conversation's window is open.
demo-expect-text = Expected within { $seconds } s: the text is on the phone.
demo-expect-second = Expected within { $seconds } s: the gateway's channel is connected and its number known.
demo-expect-three-messages = Expected exactly three different messages for the client, found { $count }.
