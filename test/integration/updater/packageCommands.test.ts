import { expect, test } from 'vitest'
import { runCommands, type UnitDeps } from '../../../src/main/core/ota/updater/units.ts'
import { faultText } from '../../../src/shared/ota/updaterFault.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const never = new AbortController().signal
const unused = async (): Promise<never> => Promise.reject(new Error('nobody asked for a service'))
/** What a device does with each command that a package brings. */
const services = (runCommand: UnitDeps['services']['runCommand']): UnitDeps['services'] => ({ label: 'test', state: unused, demand: unused, stop: unused, start: unused, runCommand })

test('a command of a package that does not end is POST_CMD_TIMEOUT, is told to end, and the ones after it are not run', async () => {
  const clock = createVirtualClock()
  const ran: string[] = []
  let wasEnded = false
  const deps: UnitDeps = { clock, services: services(async (command, signal) => {
    ran.push(command)
    if (command !== 'sleep') return { exitCode: 0, said: '' }
    return new Promise((_, reject) => { signal.addEventListener('abort', () => { wasEnded = true; reject(signal.reason as Error) }, { once: true }) })
  }) }
  await expect(clock.run(runCommands(['first', 'sleep', 'third'], deps, never), 120_000)).rejects.toSatisfy((error) => faultText(error) === 'POST_CMD_TIMEOUT: the command "sleep" did not end within 30 s')
  expect([ran, wasEnded]).toEqual([['first', 'sleep'], true])
})
test('one that ends with a number of its own is POST_CMD_FAILED, with what it said', async () => {
  const clock = createVirtualClock()
  await expect(clock.run(runCommands(['migrate'], { clock, services: services(async () => Promise.resolve({ exitCode: 3, said: 'no such table' })) }, never))).rejects.toSatisfy((error) => faultText(error) === 'POST_CMD_FAILED: the command "migrate" ended with 3: no such table')
})
