import { start } from '../../start'
import Page from './Install.vue'

void start(Page)
