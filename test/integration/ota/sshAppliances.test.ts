import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withSshFiles } from '../../../src/main/composition/deployOverSsh.ts'
import { applianceWays, createSshWay, sshAddressOf } from '../../../src/main/composition/sshApplianceUpdates.ts'
import type { UpdateWay } from '../../../src/main/composition/updateWay.ts'
import { newUpdateDeviceSchema } from '../../../src/shared/ota/deviceUpdate.schema.ts'
import { createRealClock } from '../../support/realClock.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

test.each([
  ['ssh://root@192.168.1.20', { user: 'root', host: '192.168.1.20', port: 22 }], ['SSH://pi@Gate.Lab:2222/', { user: 'pi', host: 'gate.lab', port: 2222 }], ['ssh://root@[fe80::1]:22', { user: 'root', host: 'fe80::1', port: 22 }],
])('%s is an address', (text, address) => { expect(sshAddressOf(text)).toEqual(address) })

test.each([
  'ssh://192.168.1.20', 'ssh://root:secret@192.168.1.20', 'ssh://root@', 'ssh://root@host/etc', 'ssh://root@host?x=1', 'ssh://root@host#x', 'ssh://-oProxy%20x@host', 'ssh://root@host:99999', 'http://root@host', 'root@host', '',
])('%j is none, and nothing of a password is repeated', (text) => {
  expect(() => sshAddressOf(text)).toThrow(expect.objectContaining({ code: 'input/malformed', message: expect.not.stringContaining('secret') as string }) as Error)
})

test('the address says which way an appliance goes; one over SSH wants a key, and only it has a host key', async () => {
  const asked: string[] = []
  const way = (name: string): UpdateWay => {
    const none = async (): Promise<never> => Promise.reject(new Error('not asked for here'))
    return { check: () => { asked.push(name) }, read: none, releases: none, plan: none, bench: () => { throw new Error('not asked for here') } }
  }
  const overSsh = createSshWay({ clock: createVirtualClock(), dataFolder: '/nowhere', audit: { around: async (_note, work) => work() } })
  const device = (address: string, keyFile?: string) => newUpdateDeviceSchema.parse({ name: 'x', kind: 'appliance', address, releases: '/srv', ...(keyFile === undefined ? {} : { keyFile }) })
  const ways = applianceWays(way('updater'), overSsh)
  ways.check(device('http://10.0.0.1:12315'))
  expect(asked).toEqual(['updater'])
  expect(() => { ways.check(device('ssh://root@10.0.0.1')) }).toThrow(/private key/)
  ways.check(device('ssh://root@10.0.0.1', '/key'))
  expect(asked).toEqual(['updater'])
  await expect(ways.acceptKey!({ ...device('http://10.0.0.1:12315'), id: 'device-x' as never }, `SHA256:${'k'.repeat(43)}`, new AbortController().signal)).rejects.toMatchObject({ code: 'input/not-supported' })
})

test('a key that is too large to be one is refused before anybody is called', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-ssh-key-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, 'k'.repeat(65_537))
  // Nobody listens there.
  const look = withSshFiles({ host: '127.0.0.1', port: 9, user: 'root', keyFile, hostKeySha256: `SHA256:${'k'.repeat(43)}`, root: '/srv' }, createRealClock(), new AbortController().signal, async () => undefined)
  await expect(look).rejects.toMatchObject({ code: 'input/too-large', message: `${keyFile} holds more than 65536 bytes`, hint: 'It is the private key of that user, as ssh-keygen makes it' })
})
