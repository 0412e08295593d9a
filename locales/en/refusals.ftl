# Why a message did not go and what to do. Key: refusal-<code>; the codes are a closed list (ROBOTS.md).
refusal-phone_missing = No phone number: none was given in the rule and none was found on the client. Add a phone to the contact or company, or enter it in the rule.
refusal-phone_invalid = “{ $value }” does not look like a phone number. Correct it in the client's record: the number with its country code, such as +7 916 123-45-67.
refusal-channel_not_found = The WhatsApp channel “{ $name }” was not found. Choose a channel in the rule's settings or ask the operator of the service to connect it. Nothing was sent through another channel.
refusal-channel_unavailable = The WhatsApp channel “{ $name }” cannot send now. Check the channel's settings and its connection at the provider, then repeat.
refusal-channel_unavailable-number = The number of the WhatsApp channel “{ $name }” is not known yet, so there is no link to its chat. Connect the channel's phone or type its number into the channel's settings, then try again.
refusal-unsupported_by_channel = The channel “{ $name }” cannot do this: { $item }. Choose another channel or another kind of message.
refusal-text_empty = The text is empty: { $field }. Fill in the field in the rule's settings; if the text comes from a deal field, check that the field has a value.
refusal-text_too_long = The text is too long: { $field }. At most { $limit } characters are allowed; it has { $value }. Shorten it or split it into several messages.
refusal-too_many_buttons = Too many buttons: { $value }. At most { $limit } are allowed. Remove some or use a list.
refusal-too_many_rows = Too many list rows: { $value }. At most { $limit } are allowed. Remove some or split the list.
refusal-duplicate_ids = “{ $item }” appears twice. Every button and row needs a title and an id of its own: change one of them.
refusal-media_invalid = The file does not fit: { $name }. { $hint } Check that it is of the right kind and can be opened. { $provider_text }
refusal-media_too_large = The file is too large: { $name }. At most { $limit } is allowed. Make it smaller or send a link to it.
refusal-media_unreachable = The file could not be fetched: { $name }. Check that it exists, that access to it is open and that the link has not expired.
refusal-template_not_found = The template “{ $name }” was not found on the channel. Check its name and language (name:language) or refresh the channel's list of templates.
refusal-template_not_approved = The template “{ $name }” cannot be sent: its state at WhatsApp is { $value }. Wait for approval or choose another template.
refusal-template_params_mismatch = The values do not fit the template: { $item }. Values needed: { $expected }, given: { $given }. Give one value for each variable, either all as “1=value” or all simply in order. { $hint }
refusal-pattern_invalid = Mistake in an expression: { $name }, line { $line }, column { $column }. { $reason } Correct it in the rule's settings. Allowed: { $allowed }.
refusal-value_missing = “{ $name }” has no value, so the message was not sent. Fill it in, or choose in the rule what to do with an empty value.
refusal-window_closed-never = The client has not written to this channel yet, so WhatsApp will not take free-form text. Send a template, set a fallback template in the rule, or wait until the client writes.
refusal-window_closed = The 24-hour window is closed (it was open until: { $until }); WhatsApp will not take free-form text. Send a template, set a fallback template in the rule, or wait until the client writes.
refusal-opted_out = The client does not want such messages. You may write once the client writes first or agrees again; service templates still go if only marketing was refused.
refusal-limit_reached = WhatsApp or the provider limited sending. Repeat later; if it happens again, check the number's limits and quality. Provider's code: { $provider_code }. { $provider_text }
refusal-quiet_hours = Quiet hours are on now, and this message cannot be held. Send it after { $until }.
refusal-provider_rejected = The provider did not take the message. Code: { $provider_code }. { $provider_text } Fix the cause and send again; the message is not repeated by itself.
refusal-unknown_outcome = It is not known whether the message went: the connection to the provider broke during sending. It is not repeated by itself, so that the client does not get it twice. Check the conversation and send by hand if needed.
refusal-portal_paused = The application is paused on this portal. Check the Bitrix24 plan and payment, then open the application as an administrator.
refusal-portal_paused-auth_lost = The app has lost its access to the portal, so the CRM could not be read and nothing was sent. Open the app as an administrator and run the step again.
refusal-portal_paused-silent = The portal did not answer in time, so the CRM could not be read and nothing was sent. Check that the portal opens and run the step again; if this repeats, open the app as an administrator.
refusal-robot_unknown = This version of the service does not know the rule “{ $name }”. Remove this step, or ask the operator of the service to upgrade it and to register the rules again.
refusal-property_invalid = The field “{ $name }” has a wrong value: “{ $value }”. { $hint } Correct it in the rule's settings.

# Hints of property_invalid.
hint-bool = It takes yes or no (Y or N).
hint-int = It takes a whole number from { $min } to { $max }.
hint-number = It takes a number.
hint-select = Choose one of: { $options }.
hint-too-many-phones = With “all” a rule writes to at most { $most } numbers. Leave the needed ones in the field, or choose one number.
hint-required = The field is required.
hint-assignment = It takes “FIELD = result”, such as UF_CRM_X = status.
hint-assignment-result = The rule has no such result. It has: { $results }.
hint-assignment-twice = This CRM field is named twice.
hint-button_params = It takes “number=value”, such as 0=order-118; buttons are counted from zero.

# Hints of template_params_mismatch.
hint-params-none = No value was given.
hint-params-mixture = Some values are named with a key of the template, others are not. The template's keys: { $keys }.
hint-params-twice = This key is given twice.
hint-params-count = There must be as many values as the template has variables.
hint-buttons-unknown = The template has no button with this number that takes a value.
hint-buttons-twice = The button is given twice.
hint-buttons-missing = A button of the template needs a value.

# What is wrong with an expression.
pattern-syntax = Braces or names are written wrongly. { $item }
pattern-too_large = The expression is longer than { $item } bytes.
pattern-too_deep = Too much nesting.
pattern-too_much_work = The expression works on too much text.
pattern-construct = This is not allowed: { $item }
pattern-unknown_helper = Unknown function: { $item }.
pattern-unknown_root = Unknown name: { $item }.
pattern-whole_object = { $item } is not one value; name a field, such as deal.title.
pattern-arguments = Wrong number of values or an unknown option: { $item }.
pattern-value = The value does not fit: { $item }.
pattern-zone = Unknown time zone: { $item }.
pattern-stored = There is no stored expression “{ $item }”.
