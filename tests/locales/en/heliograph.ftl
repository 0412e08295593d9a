# The provider of the tests; a real one has these words in locales/*/connect.ftl.
connect-heliograph-title = Heliograph
connect-heliograph =
    In Heliograph set up a station and copy its id and key into the settings.
    Invent a seal: with it the station proves what it reports.
    Create the channel here; its mirror is turned to webhook_url by itself.
    Align the phone: ask for the channel's pairing here and scan the picture with it, or type the code.
connect-heliograph-setting-base_url = Address of the gateway, such as https://helio.example.org.
connect-heliograph-setting-station = Id of the station, such as st_1.
connect-heliograph-setting-station_key = Key of the station.
connect-heliograph-setting-seal_key = A secret that you invent; the station seals its reports with it.
connect-heliograph-setting-phone = Number of the aligned phone. Empty: taken from the first phone that is aligned; another phone then stops the channel until you enter its number here.
