# Problem documents: what went wrong, and with -next what to do.
problem-route-unknown = There is no such address
problem-route-unknown-next = Check the path; the routes are listed in the documentation and in /openapi.json.
problem-method-not-allowed = This address does not take that method
problem-method-not-allowed-next = Use one of the methods named in the Allow header.
problem-unauthorized = The token is missing or wrong
problem-unauthorized-next = Send the header Authorization: Bearer with the operator's token.
problem-api-off = The operator API is switched off
problem-api-off-next = Set COURIER24_OPERATOR_TOKEN and restart the service.
problem-portal-unknown = There is no portal with this member_id
problem-portal-unknown-next = Take the member_id from GET /api/v1/portals; a portal appears there after the application is installed.
problem-portal-uninstalled = The portal removed the application
problem-portal-uninstalled-next = Install the application in the portal again; its data is kept for the retention time.
problem-not-found = There is no such { $what } in this portal
problem-not-found-next = Check the id and the portal; ids of one portal are not visible in another.
problem-cursor-invalid = The cursor does not belong to this list
problem-cursor-invalid-next = Begin again without after; use next exactly as the same list returned it.
problem-query-invalid = The parameter { $name } has a wrong value
problem-query-invalid-next = Allowed: { $allowed }.
problem-body-invalid = The body does not fit this address ({ $field }: { $reason })
problem-body-invalid-next = Correct the named field; the shape is described in /openapi.json.
problem-body-too-large = The body is too large
problem-body-too-large-next = Send at most { $limit } KiB.
problem-body-incomplete = The body did not arrive whole
problem-body-incomplete-next = Repeat the request; check the connection and a proxy in between.
problem-unparsable = The request cannot be read: { $reason }
problem-unparsable-next = Send the form or JSON that this address is made for.
problem-forged = The sender is not who it says it is
problem-forged-next = If this is your portal, open the application as an administrator or install it again; if it is a provider, check the channel's secrets.
problem-install-tokens-missing = The portal sent no tokens
problem-install-tokens-missing-next = Open the installation from the portal itself; do not open its address directly.
problem-install-host-refused = The authorization server is not one this service trusts
problem-install-host-refused-next = If the portal uses another one on purpose, add it to COURIER24_BITRIX_AUTH_HOSTS.
problem-install-token-rejected = The portal's token is not accepted
problem-install-token-rejected-next = Reload the page in the portal and try again.
problem-install-other-application = The token belongs to another application
problem-install-other-application-next = Check COURIER24_BITRIX_CLIENT_ID and COURIER24_BITRIX_CLIENT_SECRET against the application's card.
problem-install-other-portal = The token belongs to another portal
problem-install-other-portal-next = Open the installation in the portal it is meant for.
problem-install-not-admin = Only an administrator of the portal can install this application
problem-install-not-admin-next = Ask an administrator of the portal to open the application.
problem-install-address-refused = The service may not contact the portal's address
problem-install-address-refused-next = A portal inside a private network has to be listed in COURIER24_PRIVATE_HOSTS.
problem-install-unknown-portal = The application is not installed in this portal
problem-install-unknown-portal-next = Install it first; an administrator of the portal can do that.
problem-install-unavailable = The portal or its authorization server does not answer
problem-install-unavailable-next = Nothing was changed. Try again in a minute.
problem-not-configured = The application's keys are not configured
problem-not-configured-next = Set COURIER24_BITRIX_CLIENT_ID and COURIER24_BITRIX_CLIENT_SECRET from the application's card and restart the service.
problem-hook-unknown = There is no such webhook address
problem-hook-unknown-next = Copy webhook_url of the channel as it is shown and set it at the provider.
problem-not-committed = The request was not stored
problem-not-committed-next = Nothing happened. Repeat it after the time in Retry-After; if it goes on, check the database and its disk.
problem-setting-invalid =
    The setting { $field } is refused: { $reason ->
        [required] it is needed.
        [not_text] it has to be text.
        [not_digits] it has to be a phone number with its country code.
        [not_number] it has to be a whole number in range.
        [not_url] it has to be an address that begins with http.
        [not_hh_mm_hh_mm] it has to look like 21:00-09:00, or be off.
        [unknown_field] this kind of channel has no such setting.
        [unknown_choice] it is none of the words to choose from.
        [too_long] it is too long.
        [no_such_channel] this portal has no channel of that id or name.
        [own_channel] a channel cannot stand in for itself; name another one.
        [name_not_unique] several channels have that name; give the id.
       *[other] { $reason }.
    }
problem-setting-invalid-next = Correct it; GET /api/v1/channel-kinds describes the settings of channels.
problem-kind-unknown = There is no channel kind "{ $kind }"
problem-kind-unknown-next = Take one of GET /api/v1/channel-kinds.
problem-pairing-unsupported = No phone is linked to this kind of channel
problem-profile-unsupported = Channels of this kind have no business profile here
problem-pairing-unsupported-next = Connect the channel with the provider's keys; only gateways to a phone link one (pairing in GET /api/v1/channel-kinds).
problem-profile-unsupported-next = Change it at the provider itself.
problem-templates-unsupported = This provider has no template list
problem-templates-unsupported-next = In the robot, name the template by the provider's own id.
problem-provider-refused = The provider refused: { $text }
problem-provider-refused-next = Check the channel's keys and the account at the provider (its code: { $provider_code }).
problem-provider-unreachable = The provider does not answer
problem-provider-unreachable-next = Try again in a minute; if a base address is set for this provider, check it.
problem-media-gone = There is no such file
problem-media-gone-next = The address is wrong or has expired; send the message again if the file is still needed.
problem-range-invalid = The requested part of the file does not exist
problem-range-invalid-next = Ask for a range inside the file's size.
problem-not-ready = The service cannot do this now
problem-not-ready-next = Try again after the time in Retry-After; if it goes on, look into the log.
problem-internal = The service failed
problem-internal-next = Tell the operator the request_id; it leads to the reason in the log.
problem-rights-missing = You do not have the rights for this.
problem-rights-missing-next = Ask a portal administrator: channels, automation rules and settings are for administrators, a conversation is for those who can see the deal.
problem-document-hidden = CRM does not show you this document.
problem-document-hidden-next = Ask the CRM administrator for read access and open the card again.
problem-portal-silent = The portal did not answer.
problem-portal-silent-next = Try again in a minute; nothing is lost.
problem-message-refused = The message was not sent
problem-message-refused-next = { $text }
problem-idempotency-conflict = This Idempotency-Key belongs to another request
problem-idempotency-conflict-next = Take a new key for a new request; a repeat of the same request must have the same body. A key is remembered for 24 hours.
problem-idempotency-key-invalid = The header Idempotency-Key does not fit
problem-idempotency-key-invalid-next = A key has 1 to 255 printable ASCII characters.
problem-files-too-many = Too many files wait to be sent
problem-files-too-many-next = Files that no message took are removed after a day. Send or wait; give large files as links.
problem-outcome-known = This message needs no decision (status { $status })
problem-outcome-known-next = Only messages of ours with the status unknown are closed. Reload the page: a status may have come.
problem-not-resendable = This message cannot be sent once more (status { $status })
problem-not-resendable-next = Only messages of ours with the status failed or unknown are sent once more.
problem-already-resent = This message was sent once more already
problem-already-resent-next = Look at the new message (call { $call_id }); if that one did not arrive either, resend it.
problem-quick-reply-exists = The quick reply “{ $name }” exists already
problem-quick-reply-exists-next = Change it with PUT, or take another name.
problem-quick-reply-used = The quick reply “{ $name }” is in use
problem-quick-reply-used-next = First take it out of the settings: { $settings }.
problem-portal-unreachable = The portal does not answer now
problem-portal-unreachable-next = Nothing was sent. Try again in a minute; if the portal is paused, open the application as an administrator.
