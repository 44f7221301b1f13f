import type { PowerManyNews, PowerManyRequest } from '../../../shared/contracts/powerMany.contract.ts'
import { type Status, status } from '../../ui/stateWords.ts'

export type PowerAction = PowerManyRequest['action']

export const powerTitles: Readonly<Record<PowerAction, string>> = { on: 'Switch on', off: 'Switch off', cycle: 'Power cycle' }

const states: Readonly<Record<PowerManyNews['state'], Status>> = {
  waiting: status('off', 'waiting'), acting: status('busy', 'switching'), done: status('ok', 'done'), unverified: status('warn', 'accepted'), refused: status('warn', 'left alone'), failed: status('bad', 'failed'),
}
export const powerStatus = (state: PowerManyNews['state']): Status => states[state]
