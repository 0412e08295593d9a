# Installation, registration and state of a portal.
registration-channel-default = Default channel: { $name }
registration-channel-none = Default channel (no channel connected yet)
registration-channel-deleted = { $name } (deleted)

install-tokens-missing = The portal sent no authorization. Open the application from the Bitrix24 menu, not by its address.
install-host-refused = The portal names an authorization server that this service does not know. Ask the operator to check BITRIX_AUTH_HOSTS.
install-token-rejected = Bitrix24 did not confirm the authorization. Reload the page; if it repeats, reinstall the application.
install-other-application = This authorization belongs to another application. Check the client id and secret of this service.
install-other-portal = This authorization belongs to another portal. Open the application in the portal where you install it.
install-not-admin = Only an administrator of the portal can install the application. Ask your administrator to open it.
install-address-refused = The portal's address cannot be reached from this service. A portal in a private network has to be listed in PRIVATE_HOSTS.
install-unknown-portal = The application is not installed in this portal yet. Ask an administrator to open it once.
install-unavailable = Bitrix24 did not answer. Nothing was changed; try again in a minute.
event-forged = The event is not proven by this portal's application token.
