import type { Guard } from './guard.ts'

const core = 'src/main/core/ota/registry'
const door = { file: 'src/main/drivers/http/registryDoor.ts', project: 'integration', tests: 'test/integration/ota/registryDoor.test.ts' } as const
const view = { project: 'integration', tests: 'test/web/updates.test.ts' } as const
const store = { project: 'integration', tests: 'test/integration/ota/registryStore.test.ts' } as const

/** What keeps a wrong image away from nodes, and a stranger away from the images. */
export const registryGuards: readonly Guard[] = [
  { says: 'an upload wants the token', ...door, named: 'without the token nothing is taken', find: 'timingSafeEqual(digest(given), digest(token)) ?', replace: 'timingSafeEqual(digest(token), digest(token)) ?' },
  { says: 'a registry without a token takes nothing', ...door, named: 'a registry without a token', find: "if (token === undefined) return [403, 'This registry takes no uploads: it was started without a token']", replace: 'if (token === undefined) return undefined' },
  { says: 'an upload without the token hears why, and not that nobody is there', ...door, tests: 'test/integration/ota/registryCli.test.ts', named: 'a process of its own', find: '  await drain(body)\n  return refuse(reply, problem)', replace: '  return refuse(reply, problem)' },
  { says: 'a node that hung up before it was answered is no fault of the registry', ...door, named: 'a node that hangs up before its question', find: "const ip = request.socket.remoteAddress\n  if (ip === undefined) throw new WorkbenchError('link/closed', 'The node hung up before it was answered')", replace: 'const { ip } = request' },
  { says: 'an upload elsewhere counts by the hash that is told back', file: 'src/main/composition/registryTools.ts', project: 'integration', tests: 'test/integration/ota/registryCli.test.ts', named: 'said by its hash', find: "said['status'] !== 'ok' || said['sha256'] !== sha256", replace: "said['status'] === ''" },
  { says: 'half of another image is not sent', ...door, named: 'ranges, ETag and If-Range', find: 'ifRange === undefined || ifRange === etag ?', replace: 'ifRange !== null ?' },
  { says: 'an image whose file was changed is not served', file: 'src/main/drivers/storage/registry/imageFiles.ts', project: 'integration', tests: door.tests, named: 'a file that was changed underneath', find: "createHash('sha256').update(image).digest('hex') !== sha256", replace: "sha256 === ''" },
  { says: 'a changed file is looked at again', file: 'src/main/drivers/storage/registry/imageFiles.ts', project: 'integration', tests: door.tests, named: 'a file that was changed underneath', find: 'if (known?.stamp === stamp) {', replace: 'if (known) {' },
  { says: 'half an upload leaves no file', file: 'src/main/drivers/storage/registry/imageFiles.ts', ...store, named: 'an upload whose connection is lost', find: '        await drop()\n        if (signal.aborted) throw error', replace: '        if (signal.aborted) throw error' },
  { says: 'the hash that an operator gives is compared', file: `${core}/registry.ts`, project: 'integration', tests: door.tests, named: '3.17 a hash in capitals', find: 'sha256.toLowerCase() !== staged.sha256', replace: "sha256 === 'x'" },
  { says: 'a version with other bytes leaves nothing behind', file: `${core}/registry.ts`, ...store, named: 'the same version with other bytes is refused', find: 'if (known) throw otherBytes(image)', replace: 'if (known === null) throw otherBytes(image)' },
  { says: 'one version has one image, also of two processes', file: 'src/main/drivers/storage/registry/sqliteRegistry.ts', ...store, named: 'two processes that bring', find: 'if (known.sha256 === image.sha256) return known', replace: "if (known.sha256 !== '') return known" },
  { says: 'what no node fetches is not published', file: `${core}/registry.ts`, ...store, named: 'above what nodes fetch', find: 'if (image.sizeBytes > maxPullBytes) throw', replace: 'if (image.sizeBytes < 0) throw' },
  { says: 'what was withdrawn stays withdrawn at the next start', file: `${core}/registry.ts`, ...store, named: 'a file that was withdrawn', find: 'if (!before) await publish(', replace: 'if (before !== null) await publish(' },
  { says: 'an image is read back before anybody is told of it', file: `${core}/registry.ts`, ...store, named: 'an image whose file was changed', find: 'const warnings = await warningsOf(wish, image, signal)', replace: 'const warnings = await warningsOf(wish, image, signal).catch(() => [])' },
  { says: 'places that nobody uses are not remembered', file: `${core}/registry.ts`, ...store, named: 'places that nobody has used', find: 'if (!channels.has(`${given.product}/${given.channel}`) &&', replace: 'if (channels.size < 0 &&' },
  { says: 'a cut upload is too small', file: `${core}/productProfiles.ts`, ...store, named: '3.8 fewer than', find: 'if (sizeBytes < minBytes) throw', replace: 'if (sizeBytes < 0) throw' },
  { says: 'no version is a path', file: `${core}/firmwareVersion.ts`, project: 'unit', tests: `${core}/firmwareVersion.test.ts`, named: 'is refused', find: 'if (!firmwareVersionSchema.safeParse(given).success) throw', replace: "if (given === '') throw" },
  { says: 'a withdrawal ends what came before', file: `${core}/offers.ts`, project: 'unit', tests: `${core}/offers.test.ts`, named: 'a withdrawal ends', find: 'if (version === undefined) break', replace: 'if (version === undefined) continue' },
  { says: 'only the last word on a version counts', file: `${core}/offers.ts`, project: 'unit', tests: `${core}/offers.test.ts`, named: 'who is not in the newest', find: 'if (told.has(version)) continue', replace: '' },
  { says: 'a node that went back is seen', file: `${core}/nodeFold.ts`, project: 'unit', tests: `${core}/nodeBook.test.ts`, named: 'a node that ran it', find: 'facts.fellBackFrom ?? seen ??', replace: 'facts.fellBackFrom ??' },
  { says: 'a warning wants a word before it is published', file: 'src/renderer/features/updates/PublishDialog.vue', ...view, named: 'what would leave a node waiting', find: '(warnings.value.length === 0 || accepted.value)', replace: 'warnings.value.length >= 0' },
  { says: 'a release is withdrawn by its version alone', file: 'src/renderer/features/updates/WithdrawDialog.vue', ...view, named: 'a release is withdrawn by its version', find: ':disabled="busy !== undefined || typed !== version || isOther"', replace: ':disabled="busy !== undefined || isOther"' },
  { says: 'another release is not withdrawn by the words for this one', file: 'src/renderer/features/updates/WithdrawDialog.vue', ...view, named: 'a release is withdrawn by its version', find: 'computed(() => updates.channel?.current?.version !== version)', replace: 'computed(() => updates.channel === undefined)' },
]
