# Robots that send buttons, lists, files, contacts and places: names, fields, hints.
robot-send_buttons-name = WhatsApp: send buttons
robot-send_buttons-description = Sends a text with up to three buttons and, if you like, waits for the one the client presses.
robot-send_list-name = WhatsApp: send a list
robot-send_list-description = Sends a text with a list of up to ten rows and, if you like, waits for the client's choice.
robot-send_link-name = WhatsApp: send a link button
robot-send_link-description = Sends a text with a button that opens an address.
robot-send_file-name = WhatsApp: send a file
robot-send_file-description = Sends a picture, video, sound, document or sticker from a link, from Drive or from a CRM field.
robot-send_contact-name = WhatsApp: send a contact
robot-send_contact-description = Sends a contact card: from CRM, of an employee, or typed here.
robot-send_location-name = WhatsApp: send a place
robot-send_location-description = Sends a point on the map.
robot-request_location-name = WhatsApp: ask where the client is
robot-request_location-description = Sends a question with the button "Send location" and, if you like, waits for the answer.

property-send_buttons-header-name = Header
property-send_buttons-header-description = Text of up to 60 characters, or a file: link, disk:ID, field:UF_…
property-send_buttons-text-description = Up to 1024 characters
property-send_list-header-name = Header
property-send_list-header-description = Up to 60 characters
property-send_list-text-description = Up to 4096 characters
property-send_link-header-name = Header
property-send_link-header-description = Up to 60 characters
property-send_link-text-description = Up to 1024 characters
property-footer-name = Footer
property-footer-description = Up to 60 characters
property-buttons-name = Buttons
property-buttons-description = Up to three, one a line: id|Title, or just Title (up to 20 characters)
property-list_button-name = Button that opens the list
property-list_button-description = Up to 20 characters
property-rows-name = Rows of the list
property-rows-description = Up to ten: id|Title|Description; a line that begins with # names a section
property-button_title-name = Title of the button
property-button_title-description = Up to 20 characters
property-url-name = Address it opens
property-url-description = Begins with https:// or http://
property-wait_reply-name = Wait for the client's answer
property-reply_minutes-name = Minutes to wait for the answer
property-reply_minutes-description = From 1 to 43200 (30 days)
property-kind-name = Kind of file
property-source-name = Where the file is
property-source-description = Link, disk:ID, field:UF_… or a field of another item: LEAD_12:UF_…
property-file-name = File
property-caption-name = Caption of the file
property-caption-description = Up to 1024 characters; sounds and stickers have none
property-file_name-name = Name of the file
property-file_name-description = As the client sees it; empty = as it is
property-contact_ids-name = CRM contacts
property-contact_ids-description = Ids of contacts, at most five
property-user-name = Employee
property-name-name = Name
property-company-name = Company
property-phones-name = Phones
property-emails-name = E-mail addresses
property-latitude-name = Latitude
property-latitude-description = In degrees, for example 55.7558
property-longitude-name = Longitude
property-longitude-description = In degrees, for example 37.6176
property-send_location-name-name = Name of the place
property-address-name = Address
property-address-description = Shown to the client when the place has a name
property-request_location-text-description = Up to 1024 characters

option-kind-auto = tell by the content
option-kind-image = picture
option-kind-video = video
option-kind-audio = sound
option-kind-voice = voice message
option-kind-document = document
option-kind-sticker = sticker
option-kind-gif = animation (MP4)

result-reply_id-name = Id of the answer
result-reply_title-name = Chosen answer
result-reply_text-name = Text of the answer
result-timed_out-name = The client did not answer in time
result-media_kind-name = Kind of the file sent
result-latitude-name = Latitude
result-longitude-name = Longitude

# Hints of property_invalid.
hint-section-empty = The section has no rows: add rows under it or remove it.
hint-section-untitled = When there are several sections, each needs a title: a line "#Section" before its rows.
hint-address = An address that begins with http:// or https:// is wanted.
hint-source-none = Name at least one file: a link, disk:ID, field:UF_… or the property "File".
hint-source-many = At most { $limit } files at a time.
hint-card-none = Name CRM contacts, an employee, or a name for the card.
hint-card-many = At most { $limit } cards at a time.
hint-card-name = A card with a phone or an e-mail address needs a name.
hint-contact-id = The id of a contact is wanted, for example 84 or CONTACT_84.
hint-contact-none = CRM has no such contact, or the application may not read it.
hint-user = One employee of the portal is wanted.
hint-user-none = The portal has no such employee, or the application may not read it.
hint-card-phone = This does not look like a phone number.
hint-card-email = This does not look like an e-mail address.
hint-latitude = A latitude is wanted: a number from −90 to 90.
hint-longitude = A longitude is wanted: a number from −180 to 180.
hint-place = Latitude and longitude with a comma between are wanted, then, if you like, name and address: 55.75,37.61|Warehouse|1 Test St.

# Why a file does not fit (media_invalid).
media-kind = It is { $found }, and the kind wanted is { $kind }.
media-unknown = Nobody can tell what this file is, and the kind wanted is { $kind }.
media-sticker-size = A sticker has to be 512×512 pixels.
media-page = There is no file at this address but a web page.
media-source = A link, disk:ID, field:UF_… or a field of another item (LEAD_12:UF_…) is wanted.
media-upload = Attach the file again: it is kept for a day.
media-field = The field holds no file.
media-voice = A voice message is an OGG file with OPUS sound.

# How messages look in the timeline and in results.
shown-file = 📎 { $name }
shown-sticker = Sticker
shown-voice = Voice message
shown-location_request = The client is asked for their location
