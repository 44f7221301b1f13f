import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { restoreRequestSchema } from '../../../src/shared/restore/restore.schema.ts'
import { type ConsoleBench, type FarCamera, openConsoleBench, openFarCamera } from '../../support/consoleBench.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'

const never = new AbortController().signal

async function bench(): Promise<ConsoleBench & { readonly far: FarCamera; readonly cameraId: CameraId }> {
  const made = await openConsoleBench()
  const far = await openFarCamera()
  const cameraId = made.add(far.url)
  await expect.poll(() => made.workbench.rack.camera(cameraId).console.stats().state).toBe('open')
  return { ...made, far, cameraId }
}

/** Two windows look at one console, and Ann has typed into it. */
async function whereAnnTypes() {
  const made = await bench()
  const [ann, bob] = [await made.window('Ann'), await made.window('Bob')]
  const seenByBob = await bob.look(made.cameraId)
  await ann.look(made.cameraId)
  await ann.client.consoles.type({ cameraId: made.cameraId, text: 'a', viewer: ann.viewer })
  return { ...made, ann, bob, seenByBob }
}

test('one writes, the other looks; taking over is seen by the one who loses it, and it can be taken back', async () => {
  const { cameraId, far, window } = await bench()
  const [ann, bob] = [await window('Ann'), await window()]
  const [seenByAnn, seenByBob] = [await ann.look(cameraId), await bob.look(cameraId)]
  expect(seenByAnn[0]).toEqual({ who: 'nobody', name: '', sinceMs: 0 })
  // Each sees who else is there, from whatever moment on.
  expect(seenByBob[0]).toMatchObject({ others: ['Ann'] })
  await expect.poll(() => seenByAnn.at(-1)?.others).toEqual(['window 1'])
  // The first who types has it.
  await ann.client.consoles.type({ cameraId, text: 'ls\r', viewer: ann.viewer })
  await expect.poll(() => seenByBob.at(-1)).toMatchObject({ who: 'viewer', name: 'Ann' })
  expect(seenByAnn.at(-1)).toMatchObject({ who: 'you' })
  const refused = { data: { code: 'pod/busy', message: expect.stringMatching(/^Ann types into this console since \d\d:\d\d:\d\d$/) as string, hint: expect.stringContaining('Take over') as string } }
  await expect(bob.client.consoles.type({ cameraId, text: 'rm\r', viewer: bob.viewer })).rejects.toMatchObject(refused)
  await expect(bob.client.consoles.type({ cameraId, text: 'rm\r' })).rejects.toMatchObject(refused)
  await expect(bob.client.consoles.setLine({ cameraId, breakMs: 100, viewer: bob.viewer })).rejects.toMatchObject(refused)
  await bob.client.consoles.takeWriter({ cameraId, viewer: bob.viewer })
  await expect.poll(() => seenByAnn.at(-1)).toMatchObject({ who: 'viewer', name: 'window 1', lost: { by: 'window 1', atMs: expect.any(Number) as number } })
  await expect(ann.client.consoles.type({ cameraId, text: 'x', viewer: ann.viewer })).rejects.toMatchObject({ data: { code: 'pod/busy' } })
  await bob.client.consoles.type({ cameraId, text: 'id\r', viewer: bob.viewer })
  await ann.client.consoles.takeWriter({ cameraId, viewer: ann.viewer })
  await expect.poll(() => seenByBob.at(-1)).toMatchObject({ who: 'viewer', name: 'Ann', lost: { by: 'Ann' } })
  expect(seenByAnn.at(-1)).not.toHaveProperty('lost')
  await ann.client.consoles.freeWriter({ cameraId, viewer: ann.viewer })
  await expect.poll(() => seenByBob.at(-1)?.who).toBe('nobody')
  await expect.poll(far.heard).toBe('ls\rid\r')
})

test('a broadcast does not type into a console that somebody else writes into, and tells who does', async () => {
  const { cameraId, add, far, ann, bob, seenByBob } = await whereAnnTypes()
  await expect.poll(() => seenByBob.at(-1)?.name).toBe('Ann')
  const free = await openFarCamera()
  const other = add(free.url, 'Free')
  await expect.poll(free.clients).toBe(1)
  const cameraIds = [cameraId, other]
  const refused = { cameraId, error: { code: 'pod/busy', message: expect.stringMatching(/^Ann types into this console/) as string } }
  expect(await bob.client.consoles.broadcast({ cameraIds, line: 'b', viewer: bob.viewer })).toMatchObject([refused, { cameraId: other }])
  expect((await bob.client.consoles.broadcast({ cameraIds, line: 'c' }))[0]).toMatchObject(refused)
  // Her own reaches it, and who broadcasts to a console without looking at it keeps nobody from it.
  expect((await ann.client.consoles.broadcast({ cameraIds, line: 'd', viewer: ann.viewer })).map(({ error }) => error)).toEqual([undefined, undefined])
  await expect.poll(free.heard).toBe('b\rc\rd\r')
  await expect.poll(far.heard).toBe('ad\r')
})

test('nobody acts in the name of another: who somebody is, its link says and not its call', async () => {
  const { cameraId, far, window } = await bench()
  const [ann, bob] = [await window('Ann'), await window('Ann')]
  const [seenByAnn, seenByBob] = [await ann.look(cameraId), await bob.look(cameraId)]
  await ann.client.consoles.takeWriter({ cameraId, viewer: ann.viewer })
  await expect.poll(() => seenByBob.at(-1)).toMatchObject({ who: 'viewer', name: 'Ann' })
  // All that Ann's own window says of her, the older form with an id in it, too.
  const forged = { ...ann.viewer, id: 'viewer-0001', linkId: 'viewer-0001' }
  await bob.client.consoles.freeWriter({ cameraId, viewer: forged })
  await expect(bob.client.consoles.type({ cameraId, text: 'rm\r', viewer: forged })).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringMatching(/^Ann types/) as string } })
  await expect(bob.client.consoles.release({ cameraId, viewer: forged })).rejects.toMatchObject({ data: { code: 'pod/busy' } })
  expect(seenByAnn.at(-1)).toMatchObject({ who: 'you' })
  // Taking over is allowed, and never under the name of who loses it.
  await bob.client.consoles.takeWriter({ cameraId, viewer: forged })
  await expect.poll(() => seenByAnn.at(-1)).toMatchObject({ who: 'viewer', name: 'Ann (2)', lost: { by: 'Ann (2)' } })
  expect(far.heard()).toBe('')
})

test('a link that dies gives the writer free; who does not look cannot hold it', async () => {
  const { cameraId, far, window } = await bench()
  const [ann, bob] = [await window('Ann'), await window('Bob')]
  const seenByBob = await bob.look(cameraId)
  await ann.look(cameraId)
  await expect.poll(() => seenByBob.at(-1)?.others).toEqual(['Ann'])
  await ann.client.consoles.takeWriter({ cameraId, viewer: ann.viewer })
  await expect.poll(() => seenByBob.at(-1)?.name).toBe('Ann')
  ann.die()
  await expect.poll(() => seenByBob.at(-1)).toEqual({ who: 'nobody', name: '', sinceMs: 0 })
  const blind = await window('Blind')
  await expect(blind.client.consoles.takeWriter({ cameraId, viewer: blind.viewer })).rejects.toMatchObject({ data: { code: 'input/conflict' } })
  await blind.client.consoles.type({ cameraId, text: 'a', viewer: blind.viewer })
  await bob.client.consoles.type({ cameraId, text: 'b', viewer: bob.viewer })
  await expect(blind.client.consoles.type({ cameraId, text: 'c', viewer: blind.viewer })).rejects.toMatchObject({ data: { code: 'pod/busy' } })
  await expect.poll(far.heard).toBe('ab')
})

test('a job has the writer and everybody sees whose it is; afterwards it is who it was', async () => {
  const { cameraId, workbench, far, window } = await bench()
  const ann = await window('Ann')
  const seen = await ann.look(cameraId)
  await ann.client.consoles.type({ cameraId, text: 'a', viewer: ann.viewer })
  const job = await workbench.rack.camera(cameraId).console.exclusive('Restore of Gate (job j-1)', never)
  await expect.poll(() => seen.at(-1)).toMatchObject({ who: 'job', name: 'Restore of Gate (job j-1)' })
  for (const act of [async () => ann.client.consoles.type({ cameraId, text: 'b', viewer: ann.viewer }), async () => ann.client.consoles.takeWriter({ cameraId, viewer: ann.viewer }), async () => ann.client.consoles.release({ cameraId, viewer: ann.viewer })]) {
    await expect(act()).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringContaining('Restore of Gate') as string } })
  }
  await job.release()
  await expect.poll(() => seen.at(-1)?.who).toBe('you')
  expect(far.heard()).toBe('a')
})

test('released for another program: the line is let go, stays closed, and comes back when it is taken back', async () => {
  const { cameraId, workbench, far, ann, bob, seenByBob } = await whereAnnTypes()
  await expect(bob.client.consoles.release({ cameraId, viewer: bob.viewer })).rejects.toMatchObject({ data: { code: 'pod/busy' } })
  await ann.client.consoles.release({ cameraId, viewer: ann.viewer })
  await expect.poll(far.clients).toBe(0)
  await expect.poll(() => seenByBob.at(-1)).toMatchObject({ who: 'released', name: 'Ann' })
  const shown = workbench.rack.view().pods[0]?.cameras[0]
  expect(shown).toMatchObject({ console: 'released', consoleNote: expect.stringMatching(/^released for another program since \d\d:\d\d:\d\d$/) as string, lifeNote: 'console released' })
  await expect(ann.client.consoles.type({ cameraId, text: 'b', viewer: ann.viewer })).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringContaining('released for another program') as string, hint: expect.stringContaining('Take it back') as string } })
  // The other program has it: our reader would have come back by now.
  const { hostname, port } = new URL(far.url)
  const other = connect(Number(port), hostname)
  onTestFinished(() => { other.destroy() })
  await once(other, 'connect')
  other.write('other')
  await expect.poll(far.heard).toBe('aother')
  expect(far.clients()).toBe(1)
  other.destroy()
  await bob.client.consoles.takeBack({ cameraId })
  await expect.poll(() => workbench.rack.camera(cameraId).console.stats().state).toBe('open')
  far.say('login: ')
  await expect.poll(() => workbench.rack.camera(cameraId).console.tail(4_000)).toMatch(/released for another program by Ann[\s\S]*taken back[\s\S]*open again after[\s\S]*login:/)
  await ann.client.consoles.type({ cameraId, text: 'c', viewer: ann.viewer })
  await expect.poll(far.heard).toBe('aotherc')
  await workbench.captures.store.flush()
  const [session] = await workbench.captures.sessions({})
  const marks = (await workbench.captures.read({ session: session!.session, offset: 0, maxBytes: 65_536 }, never)).pieces.map(({ kind }) => kind).filter((kind) => kind === 'lost' || kind === 'found')
  expect(marks).toEqual(['lost', 'found'])
})

test('no job starts on a released console until it is taken back', async () => {
  const made = await openConsoleBench()
  const rack = await startLoopbackRack(join(made.folder, 'sim'), () => undefined)
  onTestFinished(async () => rack.close())
  const cameraId = made.add(rack.urls[0] ?? '')
  const ann = await made.window('Ann')
  await ann.client.consoles.release({ cameraId, viewer: ann.viewer })
  const request = restoreRequestSchema.parse({ cameraId, inputPath: rack.imagesFolder, profilePath: rack.profilePath, ubootPath: rack.ubootPath })
  const plan = await made.workbench.desk.plan(request, never)
  expect(plan.refusals).toEqual([])
  await expect(ann.client.restore.start({ request, planHash: plan.hash })).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringContaining('released for another program since') as string, hint: expect.stringContaining('Take it back') as string } })
  expect(made.workbench.jobs.list()).toEqual([])
  await ann.client.consoles.takeBack({ cameraId })
  const jobId = await made.workbench.desk.start(request, plan.hash, never)
  for await (const event of made.workbench.jobs.events(jobId, 0, never)) void event
  expect(made.workbench.jobs.get(jobId).verdict).toBe('restored and booted')
})
