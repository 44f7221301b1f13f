import { isIP } from 'node:net'
import { join } from 'node:path'
import { defaultChannel, defaultProduct, firmwareVersionSchema, registryNameSchema } from '../../../../shared/ota/registry.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const verbs = ['serve', 'list', 'upload', 'publish', 'withdraw'] as const

const flags: Flags = {
  'dir': { type: 'string', value: 'DIR', help: 'folder of the registry (default: that of the workbench)' },
  'port': { type: 'string', value: 'PORT', help: 'serve: TCP port; 0: any free one (default 8080)' },
  'host': { type: 'string', value: 'ADDRESS', help: 'serve: address to listen on (default 127.0.0.1)' },
  'token': { type: 'string', value: 'TOKEN', help: 'serve, upload: what operators have to know; better in RACKBENCH_REGISTRY_TOKEN or a file' },
  'token-file': { type: 'string', value: 'PATH', help: 'serve, upload: a file that holds the token' },
  'url': { type: 'string', value: 'URL', help: 'upload: to a registry that runs elsewhere, and published there at once' },
  'version': { type: 'string', value: 'VERSION', help: 'upload: instead of the one in the name of the file' },
  'product': { type: 'string', value: 'NAME', help: `upload, publish, withdraw: whose firmware (default ${defaultProduct})` },
  'channel': { type: 'string', value: 'NAME', help: `publish, withdraw, upload with --url: (default ${defaultChannel})` },
  'percent': { type: 'string', value: 'N', help: 'publish: of the nodes, 1 to 100 (default 100)' },
  'group': { type: 'string', value: 'NAME', multiple: true, help: 'publish: only nodes of this group; may be given several times' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder, for the audit log' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

interface Scene {
  readonly given: ParsedFlags
  readonly deps: CliDeps
  readonly teller: Teller
  readonly place: { readonly folder: string; readonly dataFolder: string; readonly log: (line: string) => void }
  readonly word: string | undefined
}

export async function registryCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('registry', flags, argv, 2)
  if (given.has('help')) {
    helpOf('registry serve|list|upload FILE|publish VERSION|withdraw [flags]', 'Firmware for nodes that fetch it by themselves: keeps images, releases them, and serves them until SIGINT.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const [verb = '', word] = given.positionals
  const dataFolder = given.text('data') ?? deps.dataFolder
  const scene: Scene = {
    given, deps, word, teller: createTeller(deps.out, isJson(given)),
    place: { dataFolder, folder: given.text('dir') ?? join(dataFolder, 'registry'), log: isJson(given) ? (line) => { deps.out.line(JSON.stringify({ event: 'log', level: 'info', message: line })) } : deps.err.line },
  }
  const chosen = oneOf('registry', verb, verbs)
  if (word !== undefined && chosen !== 'upload' && chosen !== 'publish') throw usage(`${quoted(word)} belongs to no flag`)
  switch (chosen) {
    case 'serve': return serve(scene)
    case 'list': return list(scene)
    case 'upload': return upload(scene)
    case 'publish': return publish(scene)
    case 'withdraw': return withdraw(scene)
  }
}

async function tokenOf({ given, deps }: Scene): Promise<string | undefined> {
  const path = given.text('token-file')
  if (path !== undefined && given.has('token')) throw usage('--token and --token-file are both given')
  const token = path === undefined ? given.text('token') ?? deps.environment['RACKBENCH_REGISTRY_TOKEN'] : await deps.registry.readToken(path)
  if (token === undefined || token === '') { if (path !== undefined) throw usage(`${quoted(path)} is empty`); return undefined }
  if (!/^[\x21-\x7e]{1,512}$/.test(token)) throw usage('The token has characters that cannot be sent in a header', 'Letters, digits and signs without spaces')
  return token
}

const nameOf = (flag: string, text: string): string => {
  const name = registryNameSchema.safeParse(text)
  if (!name.success) throw usage(`--${flag} ${quoted(text)} is no name`, 'Small letters, digits and hyphens, at most 31')
  return name.data
}
const placeOf = ({ given }: Scene): { product: string; channel: string } => ({ product: nameOf('product', given.text('product') ?? defaultProduct), channel: nameOf('channel', given.text('channel') ?? defaultChannel) })

async function serve(scene: Scene): Promise<ExitCode> {
  const { given, deps, place, teller } = scene
  const address = given.text('host') ?? '127.0.0.1'
  if (isIP(address) === 0) throw usage(`--host ${quoted(address)} is no address`)
  const port = wholeNumber('--port', given.text('port') ?? '8080', 0, 65_535)
  const token = await tokenOf(scene)
  await deps.registry.serve({
    ...place, address, port, token,
    ready: (url, registry) => {
      const current = registry.channels().flatMap(({ product, channel, current: row }) => (row ? [{ product, channel, version: row.version ?? '' }] : []))
      const words = [`${url}/api/v1/firmware/latest`, ...current.map(({ product, channel, version }) => `${product} ${channel}: ${version}`), ...(token === undefined ? ['No token: nothing can be uploaded over HTTP'] : [])]
      teller.say('serving', { url, folder: place.folder, takesUploads: token !== undefined, current }, words.join('\n'))
    },
  }, deps.interrupt.signal)
  return teller.done(exitCodes.success, {}, '')
}

async function list({ deps, place, teller }: Scene): Promise<ExitCode> {
  return deps.registry.withRegistry(place, async (registry) => {
    const [images, channels] = [registry.images(), registry.channels()]
    const rows = images.map(({ product, version, sizeBytes, sha256, atMs }) => [product, version, String(sizeBytes), sha256.slice(0, 12), new Date(atMs).toISOString(), channels.filter(({ product: of, current }) => of === product && current?.version === version).map(({ channel, current }) => `${channel} ${current?.percent ?? 0} %`).join(', ')])
    const words = images.length === 0 ? 'No images yet' : table([['product', 'version', 'bytes', 'sha-256', 'since', 'published'], ...rows], [2]).join('\n')
    return teller.done(exitCodes.success, { images, channels }, words)
  })
}

async function upload(scene: Scene): Promise<ExitCode> {
  const { given, deps, place, teller, word } = scene
  if (word === undefined) throw usage('Which file?', 'rackbench registry upload esp32-csi-node-0.8.0.bin')
  const url = given.text('url')
  const version = given.text('version')
  if (url !== undefined) {
    if (version === undefined) throw usage('--url wants --version as well')
    const there = given.has('product') || given.has('channel') ? placeOf(scene) : undefined
    const said = await deps.registry.send({ url, path: word, version, place: there, token: await tokenOf(scene) }, deps.interrupt.signal)
    return teller.done(exitCodes.success, { ...said }, `${plainText(String(said['version']))} is kept${said['published'] === true ? ' and published' : ''}`)
  }
  return deps.registry.withRegistry(place, async (registry) => {
    const image = await registry.add({ product: placeOf(scene).product, version }, await deps.registry.firmwareFile(word), deps.interrupt.signal)
    return teller.done(exitCodes.success, { image }, `${image.product} ${image.version}: ${image.sizeBytes} bytes, SHA-256 ${image.sha256}\nKept and not published; rackbench registry publish ${image.version} does that`)
  })
}

async function publish(scene: Scene): Promise<ExitCode> {
  const { given, deps, place, teller, word } = scene
  const version = firmwareVersionSchema.safeParse(word)
  if (!version.success) throw usage('Which version?', 'rackbench registry list says what there is')
  const wish = { ...placeOf(scene), version: version.data, percent: wholeNumber('--percent', given.text('percent') ?? '100', 1, 100), groups: given.texts('group').map((text) => nameOf('group', text)) }
  return deps.registry.withRegistry(place, async (registry) => {
    const { row, changed, warnings } = await registry.publish(wish, deps.interrupt.signal)
    const said = changed ? `${wish.version} is published for ${wish.percent} % of ${wish.product} on ${wish.channel}` : `${wish.version} was published so already`
    return teller.done(exitCodes.success, { row, changed, warnings }, [said, ...warnings.map(({ words }) => `Note: ${words}`)].join('\n'))
  })
}

async function withdraw(scene: Scene): Promise<ExitCode> {
  const { deps, place, teller } = scene
  const wish = placeOf(scene)
  return deps.registry.withRegistry(place, async (registry) => {
    const { changed } = await registry.withdraw(wish)
    return teller.done(exitCodes.success, { changed }, changed ? `${wish.product} on ${wish.channel}: nothing is offered any more. Nodes keep what they run` : 'Nothing was published there')
  })
}
