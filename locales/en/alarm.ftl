# Notifications to administrators, at most one an hour of each kind.
alarm-auth-lost = courier24: the portal had stopped accepting the application's authorization. Messages kept leaving; results waited and are being written into deals now. If this repeats, check that the administrator who installed the application is still active.
alarm-channel-down = courier24: these WhatsApp channels cannot send: { $detail }. Check the provider's account and the channel's settings; messages wait until then.
alarm-registration-failed = courier24: these robots could not be registered: { $detail }. Tell the operator of the service, who sees the reason and can register them again.
alarm-queue-slow = courier24: work of this portal has been waiting for { $detail } min. If it does not pass, tell the operator of the service.
alarm-jobs-dead = courier24: tasks given up after many attempts: { $detail }. Tell the operator of the service, who sees the reasons and can start them again.
