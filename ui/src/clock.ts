// The service's clock. A viewer's computer may be minutes or a time zone off; windows and moments are the service's.
import { boot } from './boot'

const ahead = boot.now ? new Date(boot.now).getTime() - Date.now() : 0

export const present = () => Date.now() + ahead
