# Words that robots are registered with in a portal.
registration-channel-default = Default channel: { $name }
registration-channel-none = Default channel (no channel connected yet)
registration-channel-deleted = { $name } (deleted)
