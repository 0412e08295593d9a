# People known by something else than a number; the free period after an advertisement.
refusal-unsupported_by_channel-no_phone = The client hides the phone number, and the channel “{ $name }” writes to phone numbers only. Put the client's number into the card or into the field “Phone”, or ask the client to send it.
result-free_entry_until-name = Free period after an ad until
