import { start } from '../../start'
import Page from './Robot.vue'

void start(Page)
