# Провайдер для тестов; у настоящего эти слова стоят в locales/*/connect.ftl.
connect-heliograph-title = Heliograph
connect-heliograph =
    В Heliograph заведите станцию и скопируйте её id и ключ в настройки.
    Придумайте печать: ею станция доказывает то, что сообщает.
    Создайте здесь канал: зеркало станции повернётся на webhook_url само.
    Наведите телефон: запросите здесь привязку канала и отсканируйте картинку или введите код.
connect-heliograph-setting-base_url = Адрес шлюза, например https://helio.example.org.
connect-heliograph-setting-station = Id станции, например st_1.
connect-heliograph-setting-station_key = Ключ станции.
connect-heliograph-setting-seal_key = Секрет, который придумываете вы: станция запечатывает им свои сообщения.
connect-heliograph-setting-phone = Номер наведённого телефона. Пусто: берётся у первого наведённого телефона; другой телефон остановит канал, пока вы не введёте здесь его номер.
