# Consent and the daily limit: the exact words of refusals. Keys: refusal-<code>-<case>.
refusal-opted_out-marketing = The client refused marketing, so the marketing template was not sent. Service templates and answers in an open window still go. Marketing may go again once the client agrees: by writing START, or when you write the agreement down with the rule.
refusal-opted_out-all = The client asked not to be written to at all, so nothing was sent. You may write once the client agrees: by writing START, or when you write the agreement down with the rule.
refusal-limit_reached-marketing = WhatsApp holds marketing to this client back: they got too much of it from several businesses lately. Send the marketing template after { $until }, or wait until the client writes; service templates go even now.
refusal-limit_reached-held = The daily limit of new people is reached ({ $limit } in 24 hours). The message waits and leaves by itself at { $until }; answers in open windows go even now.
refusal-limit_reached-daily = The daily limit of new people is reached ({ $limit } in 24 hours). Repeat after { $until }, or choose “hold” in the channel's settings; answers in open windows go even now.
refusal-limit_reached-checks = This month's number checks of the channel “{ $name }” are used up ({ $limit }). Repeat next month, or send without a check.
