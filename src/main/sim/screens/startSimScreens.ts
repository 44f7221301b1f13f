import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { ScreenBehaviour } from './screenBehaviours.ts'
import { createSimScreen, type SimScreen } from './simScreen.ts'

export const demoScreens = 20
/** So many come at once; a broker answers each of them with some round trips. */
const togetherAtOnce = 25

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')
/** The same number is the same screen, in every run. The number is at the front too: an account at a broker is named after the first eight letters. */
export const simScreenUuid = (number: number): string => `5c4e${hex(number, 4)}-0000-4000-8000-${hex(number, 12)}`

export interface SimScreensOptions {
  readonly brokerUrl: string
  readonly clock: Clock
  readonly count?: number
  readonly rebootMs?: number
  readonly heartbeatMs?: number
  readonly loginOf?: (clientUuid: string) => { readonly user: string; readonly password: string }
  readonly tlsCa?: Uint8Array
  /** By the number of the screen, from 1. */
  readonly behaviours?: Readonly<Record<number, readonly ScreenBehaviour[]>>
}

export interface SimScreens {
  readonly screens: readonly SimScreen[]
  close(): Promise<void>
}

/** All of them are at the broker when this resolves. */
export async function startSimScreens({ brokerUrl, clock, count = demoScreens, behaviours = {}, loginOf, ...more }: SimScreensOptions): Promise<SimScreens> {
  const screens = Array.from({ length: count }, (_, index) => {
    const clientUuid = simScreenUuid(index + 1)
    return createSimScreen({ clientUuid, brokerUrl, clock, behaviours: behaviours[index + 1] ?? [], login: loginOf?.(clientUuid), ...more })
  })
  const close = async (): Promise<void> => { await Promise.all(screens.map(async (screen) => screen.close())) }
  try {
    for (let from = 0; from < count; from += togetherAtOnce) await Promise.all(screens.slice(from, from + togetherAtOnce).map(async (screen) => screen.open()))
  } catch (error) {
    await close()
    throw error
  }
  return { screens, close }
}
