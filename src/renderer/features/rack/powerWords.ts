import type { PowerStep, PowerMany } from '../../../shared/rack/powerAct.schema.ts'
import { type Status, status } from '../../ui/stateWords.ts'

export type PowerAction = PowerMany['action']

export const powerTitles: Readonly<Record<PowerAction, string>> = { on: 'Switch on', off: 'Switch off', cycle: 'Power cycle' }

const states: Readonly<Record<PowerStep['state'], Status>> = {
  waiting: status('off', 'waiting'), acting: status('busy', 'switching'), done: status('ok', 'done'), unverified: status('warn', 'accepted'), refused: status('warn', 'left alone'), failed: status('bad', 'failed'),
}
export const powerStatus = (state: PowerStep['state']): Status => states[state]
