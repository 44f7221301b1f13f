import { expect, test } from 'vitest'
import type { OnOffPower, PowerController, PowerState } from '../../../shared/devices/power.ts'
import { createPowerEdges } from './powerEdges.ts'

function bench() {
  const told: string[] = []
  const far = { state: 'on' as PowerState, fails: false }
  const switched = async (state: 'on' | 'off'): Promise<void> => { if (far.fails) throw new Error('no answer'); far.state = state }
  const power: OnOffPower = { ability: 'on-off', label: 'relay', proof: 'read-back', cycle: async () => switched('on'), set: async (state) => switched(state), read: async () => far.state }
  const waiting = { words: false }
  const edges = createPowerEdges((edge) => { told.push(edge) }, () => { if (waiting.words) { waiting.words = false; told.push('words'); edges.heard() } })
  const devices = edges.watched<{ readonly power: PowerController }>({ power })
  if (devices.power.ability !== 'on-off') throw new Error('its ability is gone')
  return { told, far, edges, waiting, power: devices.power, signal: new AbortController().signal }
}

test('acts are told when they are proved, failures as what they are', async () => {
  const { told, far, power, signal } = bench()
  await power.set('off', signal)
  await power.set('on', signal)
  await power.cycle(100, signal)
  far.fails = true
  await expect(power.set('off', signal)).rejects.toThrow('no answer')
  expect(told).toEqual(['power-off', 'power-on', 'cycle', 'power-on', 'power-failed'])
})
test('changes that nobody here made are told once; the first reading is none', async () => {
  const { told, far, edges, power, signal } = bench()
  await power.read(signal)
  edges.heard()
  expect(told).toEqual([])
  far.state = 'off'
  await power.read(signal)
  await power.read(signal)
  edges.heard()
  edges.heard()
  expect(told).toEqual(['seen-off', 'seen-on'])
  await power.set('off', signal)
  edges.heard()
  expect(told.slice(2)).toEqual(['power-off', 'seen-on'])
})
test('what a camera said before the cut does not count as said after it', async () => {
  const { told, far, waiting, power, signal } = bench()
  await power.read(signal)
  waiting.words = true
  await power.set('off', signal)
  await power.set('on', signal)
  far.state = 'off'
  waiting.words = true
  await power.read(signal)
  expect(told).toEqual(['words', 'power-off', 'power-on', 'words', 'seen-off'])
})
