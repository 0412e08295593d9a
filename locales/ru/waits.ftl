# Ожидания: роботы wait_reply и wait_status, входящие сообщения.
robot-wait_reply-name = WhatsApp: дождаться ответа
robot-wait_reply-description = Ждёт ответа клиента на то, что было отправлено раньше, и разбирает его. Сам пишет, только если задан повторный вопрос.
robot-wait_status-name = WhatsApp: дождаться статуса
robot-wait_status-description = Ждёт, пока отправленное раньше сообщение будет принято, доставлено или прочитано. Ничего не отправляет.

property-wait_reply-channel-description = На каком номере WhatsApp ждать ответа
property-wait_reply-reply_minutes-name = Ждать ответа, минут
property-wait_reply-reply_minutes-description = От 1 до 43200; затем процесс узнаёт, что ответа не было
property-wait_reply-expected-name = Ожидаемые ответы
property-wait_reply-expected-description = код=слово,слово; также number, date, phone, yes_no, /регулярное выражение/. Пусто — подходит любой ответ
property-wait_reply-ask_again-name = Переспросить
property-wait_reply-ask_again-description = Текст, если ответ не подошёл
property-wait_reply-attempts-name = Сколько ответов прочитать
property-wait_reply-attempts-description = 0 — один, а если задано «Переспросить» — три
property-wait_status-message_id-name = Номер сообщения
property-wait_status-message_id-description = Результат «Номер сообщения» отправляющего робота; несколько — через запятую

result-reply_code-name = Код ответа
result-wait_reply-reply_text-name = Текст ответа
result-reply_type-name = Вид ответа
result-reply_file-name = Ссылка на файл ответа
result-wait_reply-reply_id-name = Код кнопки или разобранное значение
result-attempts_used-name = Прочитано ответов
result-wait_reply-timed_out-name = Ответа не дождались

hint-expected = Нужно «код=слово,слово», одно слово, number, date, phone, yes_no или /регулярное выражение/.
hint-expected-pattern = Регулярное выражение написано неверно или слишком велико.
hint-expected-many = Слишком много ожидаемых ответов или слов.
hint-message_id = Такого исходящего сообщения нет. Возьмите результат «Номер сообщения» робота, который его отправил.

timeline-title-in = WhatsApp: клиент написал
timeline-deleted = удалено клиентом
timeline-edited = изменено клиентом
timeline-from = От кого
timeline-file = Файл
timeline-reaction = Реакция: { $text }
kind-text = сообщение
kind-image = изображение
kind-video = видео
kind-audio = аудио
kind-document = документ
kind-sticker = стикер
kind-location = геопозиция
kind-contacts = контакт
kind-button = кнопка
kind-button_reply = кнопка
kind-list_reply = пункт списка
kind-flow_reply = ответ на форму
kind-address_reply = адрес
kind-reaction = реакция
kind-order = заказ
kind-unsupported = сообщение, которое WhatsApp не передаёт
lead-title = WhatsApp: { $name }
