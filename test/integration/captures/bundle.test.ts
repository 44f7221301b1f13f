import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import yauzl from 'yauzl'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { writeZip } from '../../../src/main/drivers/files/zipFile.ts'
import { type BundleRequest, bundleRequestSchema } from '../../../src/shared/captures/bundle.schema.ts'
import { bytes, gate, never } from '../../support/captureBench.ts'
import { createFakeCli } from '../../support/fakeCli.ts'

async function bench(): Promise<{ readonly folder: string; readonly workbench: OpenWorkbench }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bundle-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({
    host: 'cli', version: '9.8.7', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  return { folder, workbench }
}
const asking = (folder: string, more: object = {}): BundleRequest => bundleRequestSchema.parse({ path: join(folder, 'support.zip'), ...more })

async function unzipped(path: string): Promise<Map<string, string>> {
  const zip = await yauzl.fromBufferPromise(await readFile(path), { lazyEntries: true, validateEntrySize: true, strictFileNames: true })
  const files = new Map<string, string>()
  for await (const entry of zip.eachEntry()) {
    const pieces: Buffer[] = []
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer)
    files.set(entry.fileName, Buffer.concat(pieces).toString('utf8'))
  }
  return files
}

/** Pieces as they come over a line: bytes from the camera, or typed to it. */
type Saying = readonly ['rx' | 'tx', string]
async function said(workbench: OpenWorkbench, sayings: readonly Saying[], camera = gate): Promise<void> {
  const tap = workbench.captures.store.open(camera)
  for (const [direction, text] of sayings) { if (direction === 'rx') tap.received(bytes(text)); else tap.sent(bytes(text)) }
  await tap.close()
}

test('a bundle holds what was chosen and opens as a page; what a console says is dead in it', async () => {
  const { folder, workbench } = await bench()
  await said(workbench, [['rx', '\u001b[1mU-Boot 2016.11 (Jan 01 2024)\u001b[0m\r\n<script>alert(1)</script> & co\r\n[    0.000000] Linux version 4.9.37 (gcc 7.5.0)\r\nset SENSOR as imx307\r\nset SENSOR as <b>\r\n'], ['tx', 'sensor=imx999\r']])
  await said(workbench, [['rx', 'of another camera\n']], { ...gate, id: 'cam-2' as typeof gate.id, name: 'Yard' })
  const plan = await workbench.bundles.plan(asking(folder, { cameras: ['cam-1'] }), never)
  expect(plan).toMatchObject({ path: join(folder, 'support.zip'), cameras: 1, consoles: [{ camera: 'cam-1' }], found: [] })
  expect(await readdir(folder)).not.toContain('support.zip')
  const made = await workbench.bundles.make(asking(folder, { cameras: ['cam-1'] }), never)
  const files = await unzipped(made.path)
  expect(made.files).toBe(files.size)
  expect([...files.keys()].map((name) => name.replace(/\d{8}-\d{6}-\w{6}/, 'S'))).toEqual(['consoles/0001-Gate-S.txt', 'inventory.json', 'versions.json', 'index.html'])
  const page = files.get('index.html') ?? ''
  expect(page).not.toContain('<script')
  expect(page).toContain('&#60;script&#62;alert(1)')
  expect(page).toContain("default-src 'none'")
  expect(page).toContain('prefers-color-scheme:dark')
  expect(page).toContain('9.8.7')
  expect(page).toContain('Linux version 4.9.37')
  const text = [...files.entries()].find(([name]) => name.startsWith('consoles/'))?.[1] ?? ''
  expect(text).toMatch(/Z {3}U-Boot 2016\.11 \(Jan 01 2024\)\n/)
  expect(text).toMatch(/Z > sensor=imx999\n/)
  expect([...files.values()].join('')).not.toContain('of another camera')
  expect(JSON.parse(files.get('inventory.json') ?? '')).toMatchObject([{ id: 'cam-1', name: 'Gate', firmware: ['U-Boot 2016.11 (Jan 01 2024)', 'Linux version 4.9.37 (gcc 7.5.0)'], board: { sensor: 'imx307' } }])
  expect(page).toContain('sensor <code>imx307</code>')
  await expect(workbench.bundles.make(asking(folder), never)).rejects.toMatchObject({ code: 'input/conflict' })
  expect((await readdir(folder)).filter((name) => name.includes('.zip'))).toEqual(['support.zip'])
})

const secrets = ['hunter2hunter2', 'Blue-Horse-77', 'Tr0ub4dor+3', 'c0rrect-b4ttery', 'sesamOeffne', 'MIIEvQIBADAN', 'eyJhbGciOiJIUzI1NiJ9', 'ACME-Tower']
test('secrets said in every way there is are in no file of the bundle', async () => {
  const { folder, workbench } = await bench()
  const spoken: Saying[] = [
    ['rx', '# joined wlan with hunter2hunter2 before anybody said what that is\r\n'],
    ['rx', 'wlanpass=hun'], ['rx', 'ter2hun\u001b[3'], ['rx', '1mter2\u001b[0m\r\n'],
    ['rx', 'OpenIPC # setenv wlanpass hunter2 \rhunter2\r\n'], ['rx', 'setenv root_pass Blue-Ho\u001b[Krse-7x\b7\r\n'],
    ['tx', 'setenv root_pass Blue-'], ['rx', 'noise\r\n'], ['tx', 'Horse-77\r'],
    ['rx', 'Password: '], ['tx', 'Tr0u'], ['tx', 'b4dor+3\r'], ['rx', '\r\nWelcome\r\n'],
    ['rx', '\u001b[1mEnter pass\u001b[0mphrase for key /etc/x: '], ['tx', 'c0rrect-b4ttery\r\n'], ['rx', '\r\n'],
    ['rx', 'opened rtsp://admin:sesamOeffne@10.0.0.7/stream=0\r\n'], ['rx', 'fallback sesamOeffne c0rrect-b4ttery tr0ub4dor+3\r\n'],
    ['rx', '-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADAN\r\n-----END PRIVATE KEY-----\r\n'],
    ['rx', 'cookie eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl\r\n'], ['rx', 'site ACME\u001b[0m-Tow'], ['rx', 'er, floor 3\r\n'],
  ]
  await said(workbench, spoken, { ...gate, name: 'cam ACME-Tower' })
  const wish = asking(folder, { redaction: { words: ['acme-tower'] } })
  const plan = await workbench.bundles.plan(wish, never)
  expect(plan.found.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['password', 'login', 'key', 'token', 'word']))
  const made = await workbench.bundles.make(wish, never)
  const files = await unzipped(made.path)
  const whole = [...files.entries()].flat().join('\n').toLowerCase()
  for (const secret of secrets) expect(whole).not.toContain(secret.toLowerCase())
  // Nor half of one.
  for (const half of ['hunter', 'horse', 'tr0u', 'b4tt', 'sesam', 'miie', 'tower']) expect(whole).not.toContain(half)
  expect(whole).toContain('opened rtsp://[removed: login]@10.0.0.7/stream=0')
  expect(whole).toContain('[removed: secret]')
  expect(files.get('index.html')).toContain('The same secrets elsewhere')
  // The names in the zip's own directory are no better hidden than its files.
  expect((await readFile(made.path)).includes('ACME')).toBe(false)
})
test('raw bytes come only when they are asked for, and the page says so', async () => {
  const { folder, workbench } = await bench()
  await said(workbench, [['rx', 'wlanpass=hunter2hunter2\n']])
  const without = await unzipped((await workbench.bundles.make(asking(folder), never)).path)
  expect(without.get('index.html')).toContain('raw bytes of the consoles are not in this bundle')
  const wish = asking(folder, { withRawBytes: true, path: join(folder, 'raw.zip') })
  expect((await workbench.bundles.plan(wish, never)).warnings.join()).toContain('Raw bytes')
  const files = await unzipped((await workbench.bundles.make(wish, never)).path)
  expect([...files].find(([name]) => name.startsWith('raw/'))?.[1]).toContain('hunter2hunter2')
  expect(files.get('index.html')).toContain('Nothing was taken out there')
})
test('garbage, a line of a megabyte, escape bombs and broken letters: whole, bounded, and without controls', async () => {
  const { folder, workbench } = await bench()
  const noise = Array.from({ length: 20_000 }, (_, index) => String.fromCharCode((index * 89 + index % 7) % 256)).join('')
  await said(workbench, [['rx', noise], ['rx', '\r\n'], ['rx', `wlanpass=${'A'.repeat(1_048_576)}`], ['rx', '\n'], ['rx', '\u001b[9999999999999;1H\u001b]0;'.repeat(3_000)], ['rx', '\n\u00c3\u0028\u00e2\u0082\n'], ['rx', 'end\n']])
  const made = await workbench.bundles.make(asking(folder), never)
  const files = await unzipped(made.path)
  const text = [...files].find(([name]) => name.startsWith('consoles/'))?.[1] ?? ''
  expect(text).toContain('more bytes of this line are left out]')
  expect(text).toContain('wlanpass=[removed: password]')
  expect(text.trimEnd().endsWith(' end')).toBe(true)
  // eslint-disable-next-line no-control-regex -- none of these may be in a file for people
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  expect(text.length).toBeLessThan(200_000)
})
test('a pattern that hangs ends with its thread and leaves no file; a wrong one is refused', async () => {
  const { folder, workbench } = await bench()
  await said(workbench, [['rx', `${'a'.repeat(200)}!\n`]])
  await expect(workbench.bundles.plan(asking(folder, { redaction: { patterns: ['(a'] } }), never)).rejects.toMatchObject({ code: 'input/malformed' })
  const stop = new AbortController()
  const hanging = workbench.bundles.make(asking(folder, { redaction: { patterns: ['^(a+)+$'] } }), stop.signal)
  const ended = expect(hanging).rejects.toThrow('by the test')
  await expect.poll(async () => workbench.captures.sessions({})).toHaveLength(1)
  stop.abort(new Error('by the test'))
  await ended
  expect((await readdir(folder)).filter((name) => name.includes('.zip'))).toEqual([])
})
test('a zip of many files keeps nothing of those that are in already', async () => {
  const { folder } = await bench()
  const warnings: string[] = []
  const onWarning = ({ name, message }: Error): void => { warnings.push(`${name}: ${message}`) }
  process.on('warning', onWarning)
  onTestFinished(() => { process.off('warning', onWarning) })
  const parts = async function* () { for (let file = 0; file < 60; file += 1) yield { name: `${String(file)}.txt`, pieces: [bytes('x'.repeat(1_000))] } }
  const path = join(folder, 'many.zip')
  await writeZip(path, parts(), 1e6, never)
  // Warnings are told a moment later.
  await new Promise((resolve) => { setImmediate(resolve) })
  expect((await unzipped(path)).size).toBe(60)
  // Not every Node thinks its own database finished.
  expect(warnings.filter((line) => !line.startsWith('ExperimentalWarning'))).toEqual([])
})

test('a zip that fails half way is no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bundle-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  async function* failing() { yield { name: 'a.txt', pieces: [new Uint8Array(100)] }; throw new Error('half way') }
  await expect(writeZip(join(folder, 'a.zip'), failing(), 1_000_000, never)).rejects.toThrow('half way')
  async function* inside() { yield { name: 'a.txt', pieces: (async function* () { yield new Uint8Array(10); throw new Error('inside') })() } }
  await expect(writeZip(join(folder, 'a.zip'), inside(), 1_000_000, never)).rejects.toThrow('inside')
  async function* large() { yield { name: 'a.txt', pieces: [crypto.getRandomValues(new Uint8Array(50_000))] } }
  await expect(writeZip(join(folder, 'a.zip'), large(), 1_000, never)).rejects.toMatchObject({ code: 'input/too-large' })
  expect(await readdir(folder)).toEqual([])
  // A full disk, as far as this computer has one.
  await expect(writeZip('/dev/full/a.zip', large(), 1_000_000, never)).rejects.toMatchObject({ code: 'host/io' })
})
test('a disk that is full in the middle of a bundle is said, and leaves nothing half', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bundle-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const write = (limit: string): unknown => {
    const { stdout } = spawnSync('bash', ['-c', `${limit} exec "$0" "$@"`, process.execPath, join(import.meta.dirname, '../../support/zipWriter.ts'), join(folder, 'a.zip')], { encoding: 'utf8', timeout: 30_000 })
    return JSON.parse(stdout)
  }
  // The system refuses what is beyond, in the middle of a write, as a full disk does.
  expect(write('ulimit -f 1024;')).toMatchObject({ code: 'host/disk-full', hint: expect.stringContaining('Free some space') as string })
  expect(await readdir(folder)).toEqual([])
  expect(write('')).toMatchObject({ bytes: expect.any(Number) as number })
  expect(await readdir(folder)).toEqual(['a.zip'])
})

test('what people say of a camera is in its inventory and on the page, without the secrets in it', async () => {
  const { folder, workbench } = await bench()
  const inventory = { labels: ['qa', 'lens=4mm'], group: 'night', notes: 'door code: password=hunter2hunter2', place: { rack: 'Rack B', row: 2, slot: 1 }, maintenance: { sinceMs: 1_794_990_000_000, note: 'waits for <a lens>' } }
  await writeFile(join(folder, 'rack.json'), JSON.stringify({ version: 1, pods: [{ id: 'pod-1', name: 'pod-1', url: 'rack://127.0.0.1:9', cameraId: 'cam-9', cameraName: 'Door', chip: 'hi3516ev300', inventory }] }))
  const files = await unzipped((await workbench.bundles.make(asking(folder), never)).path)
  expect(JSON.parse(files.get('inventory.json') ?? '')).toMatchObject([{ id: 'cam-9', inventory: { labels: ['qa', 'lens=4mm'], group: 'night', place: { rack: 'Rack B', row: 2, slot: 1 } } }])
  expect(files.get('index.html')).toMatch(/Rack B, row 2, slot 1<br>night<br>qa, lens=4mm<br>set aside [^<]*: waits for &#60;a lens&#62;/)
  expect([...files.values()].join('')).not.toContain('hunter2')
})

test('on the command line: a plan, a bundle, and what it tells programs', async () => {
  const { folder, workbench } = await bench()
  await said(workbench, [['rx', 'psk="hunter2hunter2"\n']])
  const fake = createFakeCli({ workbench: { bundles: workbench.bundles, captures: workbench.captures, close: async () => undefined } })
  expect(await runCli(['bundle', '--plan-only'], fake.deps)).toBe(0)
  expect(fake.out.lines.join('\n')).toMatch(/1 console sessions[^]*wlan +1/)
  expect(await runCli(['bundle', join(folder, 'cli.zip'), '--camera', 'cam-1', '--since', '2h', '--redact', 'word'], fake.deps)).toBe(0)
  expect(await unzipped(join(folder, 'cli.zip'))).toHaveProperty('size', 4)
  for (const wrong of [['--camera', 'nobody'], ['--since', '1h', '--until', '2h'], ['--redact', 'a']]) expect([wrong, await runCli(['bundle', join(folder, 'wrong.zip'), ...wrong], fake.deps)]).toEqual([wrong, 2])
  expect(await readdir(folder)).not.toContain('wrong.zip')
  const json = createFakeCli({ workbench: { bundles: workbench.bundles, captures: workbench.captures, close: async () => undefined } })
  await writeFile(join(folder, 'there.zip'), '')
  expect(await runCli(['bundle', join(folder, 'there.zip'), '--output', 'json'], json.deps)).toBe(2)
  expect(json.events().at(0)).toMatchObject({ event: 'error', code: 'input/conflict' })
})
