import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { serveWeb } from '../../../src/main/hosts/web/webHost.ts'
import { clientA, clientB } from '../../support/commandFixture.ts'
import { freeUdpPort } from '../../support/freePort.ts'
import { openScreen } from '../../support/simScreen.ts'

interface Answer { readonly status: number; readonly body: Record<string, unknown> & { readonly command?: { readonly id: string; readonly state: string }; readonly data?: Record<string, unknown> } }

interface Door {
  (call: string, body?: object, key?: string): Promise<Answer>
  readonly broker: string
}

/** The REST door of a real workbench with its own broker. What has no body is read. */
async function openDoor(): Promise<Door> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rackbench-fleet-door-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({ host: 'web', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: path.join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Rackbench</title>')
  const web = await serveWeb({ workbench, host: '127.0.0.1', port: 0, rendererFolder: folder, newToken: () => 'P'.repeat(43), log: () => undefined, doors: { version: 'test', approvals: workbench.approvals, roleOf: async (token) => Promise.resolve(token === 'rb_test' ? 'admin' : undefined) } })
  onTestFinished(async () => web.close())
  const ask = async (call: string, body?: object, key?: string): Promise<Answer> => {
    const answer = await fetch(`http://127.0.0.1:${web.port}/api/v1/fleet/${call}`, { ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}), signal: AbortSignal.timeout(20_000), headers: { 'authorization': 'Bearer rb_test', 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) } })
    return { status: answer.status, body: await answer.json() as Answer['body'] }
  }
  const opened = await ask('set-broker', { enabled: true, port: 0, broker: 'embedded' })
  expect(opened.status).toBe(200)
  return Object.assign(ask, { broker: String(opened.body['url']) })
}

test('4.17 the fourth reboot over REST: 423 with retry_after_s, and it is kept as blocked', async () => {
  const ask = await openDoor()
  const { body: { password } } = await ask('add-account', { uuid: clientA })
  const screen = openScreen(ask.broker, clientA, String(password))
  onTestFinished(async () => screen.close())
  const stateOf = async (id: string): Promise<string | undefined> => (await ask(`get?id=${id}`)).body.command?.state
  for (let turn = 0; turn < 3; turn += 1) {
    const { status, body } = await ask('issue', { clientUuid: clientA, action: 'reboot_host' })
    expect(status).toBe(202)
    const { id = '' } = body.command ?? {}
    for (let look = 0; look < 400 && await stateOf(id) !== 'completed'; look += 1) await wait(25)
    expect(await stateOf(id)).toBe('completed')
  }
  const { status, body } = await ask('issue', { clientUuid: clientA, action: 'reboot_host' })
  expect([status, body.data]).toEqual([423, { command_id: expect.any(String) as string, retry_after_s: expect.any(Number) as number }])
  expect(Number(body.data?.['retry_after_s'])).toBeGreaterThan(600)
  expect(await stateOf(String(body.data?.['command_id']))).toBe('blocked')
  expect(screen.done).toHaveLength(3)
})

test('4.32 a second command of the same action while the first is open: 409; the same Idempotency-Key: the same command', async () => {
  const ask = await openDoor()
  const first = await ask('issue', { clientUuid: clientB, action: 'reboot_host' }, 'night-7')
  expect(first.status).toBe(202)
  const again = await ask('issue', { clientUuid: clientB, action: 'reboot_host' }, 'night-7')
  expect([again.status, again.body.command?.id]).toEqual([202, first.body.command?.id])
  expect(await ask('issue', { clientUuid: clientB, action: 'reboot_host' }, 'night-8')).toMatchObject({ status: 409, body: { data: { code: 'input/conflict' } } })
  expect((await ask('issue', { clientUuid: clientB, action: 'reboot_host' })).status).toBe(409)
})
