# Plain pages inside Bitrix24.
page-installed = WhatsApp robots are installed
page-installed-robots = The robots and activities are being registered in { $domain }; they appear in the automation designer within a minute.
page-installed-next = Next, connect a WhatsApp channel, then choose a robot on a stage of the funnel.
page-app = WhatsApp robots
page-app-active = The application is connected to { $domain } and works.
page-app-auth-lost = The portal no longer accepts the application's authorization. Messages leave, but results wait. An administrator has to open this page once.
page-app-paused = The portal's plan or payment stops the application. Messages leave; results are written once the portal lets it work again.
page-app-administrator = You are an administrator: robots are set up in the automation designer of deals and leads; channels are connected by the operator of the service.
page-app-employee = Robots are set up by an administrator of the portal.
page-placement = WhatsApp
page-placement-later = This page is not part of the installed version. Robots work without it: set them up in the automation designer.
page-tab = WhatsApp
page-robot = Automation rule settings
page-install = Installation
page-ui-missing = The pages are not built: run “make ui” in the service's folder and restart it.
