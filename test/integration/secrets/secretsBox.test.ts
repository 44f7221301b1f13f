import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { createSecretsBox, type SecretsBox } from '../../../src/main/drivers/storage/secretsBox.ts'
import { keyVaultOf, type SafeStorage } from '../../../src/main/hosts/electron/keyVault.ts'
import type { NewPod } from '../../../src/shared/contracts/workbench.contract.ts'
import type { KeyVault } from '../../../src/shared/secrets/secrets.schema.ts'

const never = new AbortController().signal

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-secrets-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
/** Seals like a keychain does, as far as anybody outside can see. */
const storage = (backend = 'gnome_libsecret', key = 0x5a): SafeStorage => ({
  isEncryptionAvailable: () => backend !== 'none', getSelectedStorageBackend: () => backend,
  encryptString: (text) => Buffer.from([0x76, ...Buffer.from(text).map((byte) => byte ^ key)]),
  decryptString: (sealed) => { if (sealed[0] !== 0x76) throw new Error('not sealed by us'); return Buffer.from(sealed.subarray(1).map((byte) => byte ^ key)).toString() },
})
const keychain = (): KeyVault => keyVaultOf(storage(), 'linux')!
function open(folder: string, vault?: KeyVault): { readonly box: SecretsBox; readonly logged: string[] } {
  const logged: string[] = []
  return { logged, box: createSecretsBox({ folder: join(folder, 'secrets'), oldFile: join(folder, 'secrets.json'), vault, log: (line) => { logged.push(line) } }) }
}
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

/** Every file of a folder, as one text. */
async function everything(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  return (await Promise.all(files.map(async (each) => readFile(join(each.parentPath, each.name), 'latin1')))).join('\n')
}

test('without a window: a file for this user only in a folder for this user only, and it says that it is not encrypted', async () => {
  const folder = await tempFolder()
  const { box } = open(folder)
  await box.put('switch', 'hunter2')
  expect(await box.get('switch')).toBe('hunter2')
  expect([await modeOf(join(folder, 'secrets')), await modeOf(join(folder, 'secrets/plain.json'))]).toEqual(['700', '600'])
  expect(await box.where()).toMatchObject({ kind: 'file', isProtected: false, count: 1, words: expect.stringContaining('not encrypted') as string })
  await box.remove('switch')
  expect(await box.get('switch')).toBeUndefined()
})

test('what other users could read is closed to them, and that is said', async () => {
  const folder = await tempFolder()
  const { box, logged } = open(folder)
  await box.put('switch', 'hunter2')
  await chmod(join(folder, 'secrets/plain.json'), 0o644)
  await chmod(join(folder, 'secrets'), 0o755)
  expect(await box.get('switch')).toBe('hunter2')
  expect(await modeOf(join(folder, 'secrets/plain.json'))).toBe('600')
  await box.put('other', 'x')
  expect(await modeOf(join(folder, 'secrets'))).toBe('700')
  expect((await box.where()).notices).toEqual([expect.stringContaining('plain.json could be read by other users'), expect.stringContaining('secrets could be read by other users')])
  expect(logged.join()).not.toContain('hunter2')
})

test('in the window: only sealed bytes are in the file, and another key does not open them', async () => {
  const folder = await tempFolder()
  const { box } = open(folder, keychain())
  await box.put('switch', 'hunter2')
  expect(await box.get('switch')).toBe('hunter2')
  const file = await readFile(join(folder, 'secrets/sealed.json'), 'utf8')
  expect(file).not.toContain('hunter2')
  expect(file).not.toContain(Buffer.from('hunter2').toString('base64'))
  expect(await box.where()).toMatchObject({ kind: 'keychain', isProtected: true, count: 1, words: expect.stringContaining('gnome_libsecret') as string })
  // The keychain was replaced: that is said, and no empty password is tried.
  await writeFile(join(folder, 'secrets/sealed.json'), JSON.stringify({ switch: Buffer.from('rubbish').toString('base64') }))
  await expect(box.get('switch')).rejects.toMatchObject({ code: 'host/no-permission', message: expect.stringContaining('cannot be opened') as string })
})

test('a host without a window says that a password lies in the keychain', async () => {
  const folder = await tempFolder()
  await open(folder, keychain()).box.put('switch', 'hunter2')
  const { box } = open(folder)
  await expect(box.get('switch')).rejects.toMatchObject({ code: 'host/no-permission', hint: expect.stringContaining('window') as string })
  expect(await box.where()).toMatchObject({ kind: 'file', count: 0, sealedCount: 1 })
  expect(await box.get('nobody')).toBeUndefined()
})

test('a Linux without a keyring is said to protect nothing, and a system without a vault is none', () => {
  expect(keyVaultOf(storage('basic_text'), 'linux')).toMatchObject({ isProtected: false })
  expect(keyVaultOf(storage('none'), 'linux')).toBeUndefined()
  expect(keyVaultOf(storage('whatever'), 'darwin')).toMatchObject({ isProtected: true, label: 'the keychain of macOS' })
})

test('with a key that everybody knows the words say so', async () => {
  const { box } = open(await tempFolder(), keyVaultOf(storage('basic_text'), 'linux'))
  expect(await box.where()).toMatchObject({ kind: 'keychain', isProtected: false, words: expect.stringContaining('no protection') as string })
})

const desk: NewPod = { url: 'tcp://127.0.0.1:9', name: '', cameraName: 'cam-desk', chip: 'hi3516ev300' }
const plug = { kind: 'tasmota', host: 'plug', port: 80, relay: 1, user: 'admin' } as const

async function openAt(folder: string, vault?: KeyVault, lines: string[] = []): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({
    host: vault ? 'electron' : 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), keyVault: vault, log: (line) => { lines.push(line) },
  }, { loadRack: true })
  onTestFinished(async () => workbench.close())
  return workbench
}

test('old readable passwords move into the keychain at the first start of a window, and are gone from where they were', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ 'pod-1': 'hunter2' }), { mode: 0o600 })
  await mkdir(join(folder, 'secrets'), { mode: 0o700 })
  await writeFile(join(folder, 'secrets/plain.json'), JSON.stringify({ 'pod-2': 'swordfish' }), { mode: 0o600 })
  const workbench = await openAt(folder, keychain())
  expect(await Promise.all([workbench.secrets.get('pod-1'), workbench.secrets.get('pod-2')])).toEqual(['hunter2', 'swordfish'])
  expect(await readdir(join(folder, 'secrets'))).toEqual(['sealed.json'])
  expect(await everything(folder)).not.toMatch(/hunter2|swordfish/)
  expect(workbench.audit.list({ limit: 5 }).map(({ what }) => what)).toEqual(['outcome', 'move secrets'])
})

test('a keychain that does not give back what it took keeps the old file', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ 'pod-1': 'hunter2' }), { mode: 0o600 })
  const workbench = await openAt(folder, { ...keychain(), open: () => 'something else' })
  expect(await readFile(join(folder, 'secrets.json'), 'utf8')).toContain('hunter2')
  expect(workbench.audit.list({ limit: 5 })[0]).toMatchObject({ details: { outcome: 'failed' } })
})

test('a password that was used is in no file but its own: not in the journal, the rack, the audit log, a capture or the log', async () => {
  const folder = await tempFolder()
  const lines: string[] = []
  const workbench = await openAt(folder, undefined, lines)
  const { id, cameraId } = await workbench.setup.add({ ...desk, power: plug, password: 'correct-horse' }, never)
  // Used, and it fails: nobody is called "plug" here.
  await expect(workbench.rack.power(cameraId, 'off', never)).rejects.toBeInstanceOf(Error)
  await workbench.setup.setPower(id, { power: plug, password: 'battery-staple' }, never)
  await workbench.close()
  await rm(join(folder, 'secrets'), { recursive: true })
  const left = await everything(folder)
  expect(left).toContain('cam-desk')
  for (const text of [left, lines.join('\n')]) expect(text).not.toMatch(/correct-horse|battery-staple/)
}, 30_000)

test('changed passwords are in the audit log by name', async () => {
  const folder = await tempFolder()
  const workbench = await openAt(folder)
  const { id } = await workbench.setup.add({ ...desk, power: plug, password: 'correct-horse' }, never)
  await workbench.setup.remove(id)
  expect(workbench.audit.list({ limit: 10 }).toReversed().map(({ what, subject }) => `${what} ${subject}`)).toEqual([
    `keep secret ${id}`, `outcome ${id}`, 'remove pod pod-1', 'outcome pod-1', `remove secret ${id}`, `outcome ${id}`,
  ])
})
