# Слова, с которыми роботы регистрируются в портале.
registration-channel-default = Канал по умолчанию: { $name }
registration-channel-none = Канал по умолчанию (каналы ещё не подключены)
registration-channel-deleted = { $name } (удалён)
