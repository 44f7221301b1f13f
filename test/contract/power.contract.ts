import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CycleOnlyPower, OnOffPower } from '../../src/shared/devices/power.ts'

export interface OpenedSwitch {
  readonly power: OnOffPower
  /** The truth at the camera's end of the cable. */
  readonly hasPower: () => boolean
  /** How often the power has gone since the start. */
  readonly cuts: () => number
  /** From here on the far end refuses this; what it refuses it does not do. */
  readonly refuse: (state: 'on' | 'off') => void
  /** A time that this controller keeps by itself or by waiting. */
  readonly offMs: number
  /** Lets time pass where time is virtual. */
  readonly run: <T>(work: Promise<T>) => Promise<T>
  /** Until that is so. */
  readonly until: (isSo: () => boolean) => Promise<void>
  readonly dispose: () => Promise<void>
}

const never = new AbortController().signal

/** What every controller with independent on and off does. The camera has power at the start. */
export function describeOnOffPower(name: string, open: () => Promise<OpenedSwitch>): void {
  describe(`power contract: ${name}`, () => {
    let opened: OpenedSwitch
    beforeEach(async () => { opened = await open() })
    afterEach(async () => { await opened.dispose() })
    const set = async (state: 'on' | 'off'): Promise<void> => opened.run(opened.power.set(state, never))

    test('off, on, off: the camera follows, and the reading with it', async () => {
      expect(opened.power.ability).toBe('on-off')
      if (opened.power.proof === 'read-back') expect(await opened.run(opened.power.read(never))).toBe('on')
      for (const state of ['off', 'on', 'off'] as const) {
        await set(state)
        expect(opened.hasPower()).toBe(state === 'on')
        expect(await opened.run(opened.power.read(never))).toBe(state)
      }
    })

    test('off twice is still off, and on after it gives light', async () => {
      await set('off')
      await set('off')
      expect(opened.hasPower()).toBe(false)
      await set('on')
      await set('on')
      expect(opened.hasPower()).toBe(true)
    })

    test('a cycle takes the power once and ends with power', async () => {
      await opened.run(opened.power.cycle(opened.offMs, never))
      expect([opened.cuts(), opened.hasPower()]).toEqual([1, true])
    })

    test('a cycle of a camera without power ends with power', async () => {
      await set('off')
      await opened.run(opened.power.cycle(opened.offMs, never))
      expect(opened.hasPower()).toBe(true)
    })

    test('cancelled half-way it still switches on before it rejects with the reason', async () => {
      const cancel = new AbortController()
      const reason = new Error('closed the window')
      const cycling = opened.power.cycle(opened.offMs, cancel.signal).then(() => 'done', (error: unknown) => error)
      await opened.until(() => !opened.hasPower())
      cancel.abort(reason)
      expect(await opened.run(cycling)).toBe(reason)
      expect(opened.hasPower()).toBe(true)
    })

    test('cancelled before it begins, nothing is switched', async () => {
      const reason = new Error('closed the window')
      await expect(opened.run(opened.power.cycle(opened.offMs, AbortSignal.abort(reason)))).rejects.toBe(reason)
      expect(opened.cuts()).toBe(0)
    })

    test('a refused "off" is an error, and the camera keeps its power', async () => {
      opened.refuse('off')
      await expect(set('off')).rejects.toMatchObject({ name: 'WorkbenchError' })
      await expect(opened.run(opened.power.cycle(opened.offMs, never))).rejects.toMatchObject({ name: 'WorkbenchError' })
      expect(opened.hasPower()).toBe(true)
    })

    test('an "on" that is refused after "off" is told with the state: the camera is dark', async () => {
      const cycling = opened.run(opened.power.cycle(opened.offMs, never).then(() => 'done', (error: unknown) => error))
      opened.refuse('on')
      expect(await cycling).toMatchObject({ code: 'pod/wrong-power-state', message: expect.stringContaining('The camera is dark') as string, context: { state: 'off' } })
      expect(opened.hasPower()).toBe(false)
    })
  })
}

export interface OpenedPulse {
  readonly power: CycleOnlyPower
  readonly hasPower: () => boolean
  readonly cuts: () => number
  readonly run: <T>(work: Promise<T>) => Promise<T>
  readonly until: (isSo: () => boolean) => Promise<void>
  readonly dispose: () => Promise<void>
}

/** What every controller does that can only pulse. The camera has power at the start. */
export function describeCycleOnlyPower(name: string, open: () => Promise<OpenedPulse>): void {
  describe(`power contract: ${name}`, () => {
    let opened: OpenedPulse
    beforeEach(async () => { opened = await open() })
    afterEach(async () => { await opened.dispose() })

    test('a cycle takes the power once and ends with power', async () => {
      await opened.run(opened.power.cycle(1_000, never))
      expect([opened.cuts(), opened.hasPower()]).toEqual([1, true])
    })
    test('cancelled half-way the power comes back, and it rejects with the reason', async () => {
      const cancel = new AbortController()
      const reason = new Error('closed the window')
      const cycling = opened.power.cycle(1_000, cancel.signal).then(() => 'done', (error: unknown) => error)
      await opened.until(() => !opened.hasPower())
      cancel.abort(reason)
      expect(await opened.run(cycling)).toBe(reason)
      await opened.until(opened.hasPower)
    })
    test('cancelled before it begins, nothing is switched', async () => {
      const reason = new Error('closed the window')
      await expect(opened.run(opened.power.cycle(1_000, AbortSignal.abort(reason)))).rejects.toBe(reason)
      expect(opened.cuts()).toBe(0)
    })
  })
}
