import { start } from '../../start'
import Page from './Tab.vue'

void start(Page)
