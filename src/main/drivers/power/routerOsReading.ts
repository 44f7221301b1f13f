import type { Row } from './routerOsConnection.ts'

/** Of a row or a reading of the monitor; `undefined` where this model says none. */
export function wattsOf(reading: Row): number | undefined {
  const watts = Number.parseFloat(reading.get('poe-out-power') ?? '')
  return Number.isFinite(watts) && watts >= 0 ? watts : undefined
}

export const givesPower = (status: string): boolean => status === 'powered-on' || status === 'current-too-low'
