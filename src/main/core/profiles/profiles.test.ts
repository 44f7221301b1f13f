import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import catalogue from '../../../../resources/soc.json' with { type: 'json' }
import { profileJson, splBytes } from '../../../../test/support/profileFixture.ts'
import { type Soc, socCatalogueSchema } from '../../../shared/devices/deviceProfile.schema.ts'
import { parseBootProfile } from '../workflows/restore/bootBlob.ts'
import { chipCatalogue } from './chipCatalogue.ts'
import { importProfiles, type ProfileImport, type ProfileSourceFile } from './importProfiles.ts'
import { aliasTarget, parseProfileFile, splitChipName } from './profileFile.ts'
import { readStoredProfile } from './readStoredProfile.ts'

const socs: ReadonlyMap<string, Soc> = new Map(socCatalogueSchema.parse(catalogue).map((soc) => [soc.name, soc]))
const chip = (name: string): Soc => socs.get(name)!
const file = (path: string, content: string | Uint8Array): ProfileSourceFile => ({ path, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content })
const run = (...files: ProfileSourceFile[]): ProfileImport => importProfiles(files, socs)
const chipsOf = ({ profiles }: ProfileImport): readonly string[] => profiles.map((each) => each.chip)
const reasons = ({ refused }: ProfileImport): readonly string[] => refused.map(({ file: name, error }) => `${name}: ${error.code}: ${error.message}`)

describe('the catalogue itself', () => {
  test('122 chips, 111 of them with profiles', () => {
    expect(socs.size).toBe(122)
    expect(['standard', 'v500', 'cv6xx'].map((protocol) => [...socs.values()].filter((soc) => soc.protocol === protocol).length)).toEqual([111, 6, 5])
  })

  test('figures that are known about single chips', () => {
    expect([...socs.values()].filter((soc) => soc.prestep1Bytes > 0).map(({ name }) => name)).toEqual(['hi3516av200'])
    expect([...socs.values()].filter((soc) => soc.sramLimitBytes !== undefined).map(({ name, sramLimitBytes }) => [name, sramLimitBytes])).toEqual([['hi3516dv100', 0x3b00], ['hi3520dv200', 0x3b00]])
    expect([...socs.values()].filter((soc) => soc.ffRunHangs === true).map(({ name }) => name).sort()).toEqual(['hi3516av300', 'hi3516cv500', 'hi3516dv300'])
    expect(['hi3531dv200', 'hi3559av100'].map((name) => chip(name).ddrstep0Bytes)).toEqual([72, 72])
    expect([chip('hi3516av300').agent, chip('hi3516ev200').agent, chip('hi3516a').agent]).toEqual(['hi3516cv500', 'hi3516ev300', undefined])
  })
})

describe('what a chip needs', () => {
  const entry = (name: string, profiles: string[], uboots: string[]): unknown => chipCatalogue([chip(name)], { profiles: new Set(profiles), uboots: new Set(uboots) })[0]

  test('a standard chip needs both files', () => {
    expect(entry('hi3516ev300', [], [])).toEqual({ name: 'hi3516ev300', protocol: 'standard', ready: false, needs: ['profile', 'U-Boot image'], hasPublicUboot: true })
    expect(entry('hi3516ev300', ['hi3516ev300'], ['hi3516ev200'])).toMatchObject({ ready: false, needs: ['U-Boot image'] })
    expect(entry('hi3516ev300', ['hi3516ev200'], ['hi3516ev300'])).toMatchObject({ ready: false, needs: ['profile'] })
    expect(entry('hi3516ev300', ['hi3516ev300'], ['hi3516ev300'])).toMatchObject({ ready: true, needs: [] })
  })

  test('the others need an image only', () => {
    expect(entry('gk7205v500', [], [])).toMatchObject({ protocol: 'v500', needs: ['U-Boot image'], hasPublicUboot: false })
    expect(entry('hi3516cv610', [], ['hi3516cv610'])).toMatchObject({ protocol: 'cv6xx', ready: true })
  })

  test('a chip that shares a build takes it', () => { expect(entry('gk7205v210', ['gk7205v210'], ['gk7205v200'])).toMatchObject({ ready: true }) })
  test('all of them, by name', () => {
    const names = chipCatalogue(socs.values(), { profiles: new Set(), uboots: new Set() }).map(({ name }) => name)
    expect(names).toEqual([...socs.keys()].sort())
  })
})

describe('import', () => {
  test('every chip of the catalogue, without a warning', () => {
    const standard = [...socs.values()].filter(({ protocol }) => protocol === 'standard')
    const found = run(...standard.map((soc) => file(`profiles/${soc.name}.json`, profileJson(soc))))
    expect(found).toMatchObject({ refused: [], warnings: [] })
    expect(chipsOf(found)).toEqual(standard.map(({ name }) => name).sort())
    expect(found.profiles.every(({ usable }) => usable)).toBe(true)
  })

  test('what is stored is read again, by the restore as well', () => {
    const [stored] = run(file('hi3516av200.json', profileJson(chip('hi3516av200'), { PRESTEP0: null, variants: null }))).profiles
    expect(parseBootProfile(stored!.json, 'x').PRESTEP0).toBeUndefined()
    expect(readStoredProfile(stored!.json, chip('hi3516av200'), undefined).profile.PRESTEP1).toHaveLength(128)
  })

  test('aliases are followed and stored whole', () => {
    const found = run(file('p/hi3516ev300.json', 'hi3516ev200.json\n'), file('p/hi3516ev200.json', profileJson(chip('hi3516ev200'))))
    expect(chipsOf(found)).toEqual(['hi3516ev200', 'hi3516ev300'])
    expect(found.profiles[1]?.json).toBe(found.profiles[0]?.json)
  })

  test('a variant brings its SPL, under a name of ours', () => {
    const av300 = chip('hi3516av300')
    const found = run(file('p/hi3516av300.json', profileJson(av300, { variants: { emmc: { SPL_BLOB: 'Vendor-SPL_2.bin' } } })), file('p/Vendor-SPL_2.bin', splBytes()), file('q/Vendor-SPL_2.bin', splBytes(2000)))
    expect(found).toMatchObject({ refused: [], warnings: [], profiles: [{ chip: 'hi3516av300', variants: ['emmc'], blobs: [{ name: 'hi3516av300.emmc.spl', bytes: splBytes() }] }] })
    const json = found.profiles[0]!.json
    expect(readStoredProfile(json, av300, 'emmc')).toMatchObject({ splBlobName: 'hi3516av300.emmc.spl', variants: ['emmc'] })
    expect(readStoredProfile(json, av300, undefined).splBlobName).toBeUndefined()
    expect(() => readStoredProfile(json, av300, 'nand')).toThrow(expect.objectContaining({ code: 'input/not-found', message: 'The profile of hi3516av300 has no variant "nand"; it has emmc' }))
    expect(() => readStoredProfile(profileJson(av300), av300, 'emmc')).toThrow(expect.objectContaining({ message: 'The profile of hi3516av300 has no variant "emmc"; it has none' }))
  })

  test('the folder with the most profiles of a repository, and nothing of its other JSON', () => {
    const found = run(
      file('repo/package.json', '{}'), file('repo/tests/hi3516ev200.json', 'x'),
      file('repo/data/hi3516ev200.json', profileJson(chip('hi3516ev200'))), file('repo/data/hi3516cv300.json', profileJson(chip('hi3516cv300'))), file('repo/data/t40n.json', '{}'),
    )
    expect(chipsOf(found)).toEqual(['hi3516cv300', 'hi3516ev200'])
    expect(found.warnings).toEqual(['1 profiles in repo/tests/ are not used; those in repo/data/ are'])
  })

  test('chips that need none are passed over and said', () => {
    const found = run(file('gk7205v500.json', '{}'), file('hi3516cv300.json', profileJson(chip('hi3516cv300'))))
    expect(chipsOf(found)).toEqual(['hi3516cv300'])
    expect(found.warnings).toEqual(['gk7205v500.json is not used: gk7205v500 needs no profile'])
  })

  test('one bad file does not keep the others out', () => {
    const found = run(file('hi3516ev200.json', '{'), file('hi3516cv300.json', profileJson(chip('hi3516cv300'))))
    expect(chipsOf(found)).toEqual(['hi3516cv300'])
    expect(reasons(found)).toEqual(['hi3516ev200.json: input/malformed: hi3516ev200.json is not JSON'])
  })

  test('nothing to import', () => {
    for (const files of [[], [file('package.json', '{}')], [file('gk7205v500.json', '{}')]]) expect(() => run(...files)).toThrow(expect.objectContaining({ code: 'input/not-found' }))
  })
})

describe('refused with the name of file and field', () => {
  const ev200 = chip('hi3516ev200')
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['no step', { DDRSTEP0: undefined }, /: DDRSTEP0 is not usable/],
    ['an empty step', { DDRSTEP0: [] }, /: DDRSTEP0 is empty$/],
    ['a long step', { PRESTEP0: new Array<number>(1025).fill(1) }, /: PRESTEP0 has 1025 bytes; a step has at most 1024$/],
    ['a byte too large', { DDRSTEP0: [1, 256] }, /: DDRSTEP0.1 is not usable/],
    ['two addresses', { ADDRESS: ['0x1', '0x2'] }, /: ADDRESS(\.2)? is not usable/],
    ['an address that is none', { ADDRESS: ['0x1', 'reset', '0x3'] }, /: ADDRESS.1 is not usable/],
    ['one length', { FILELEN: ['0x40'] }, /: FILELEN(\.1)? is not usable/],
    ['no window', { FILELEN: ['0x40', '0x0'] }, /: FILELEN gives the SPL 0 bytes/],
    ['a huge window', { FILELEN: ['0x40', '0x100000'] }, /: FILELEN gives the SPL 1048576 bytes/],
    ['a limit that is none', { SRAMLIMIT: 'much' }, /: SRAMLIMIT is not usable/],
    ['a blob outside', { SPL_BLOB: '../../etc/passwd' }, /: SPL_BLOB is not usable/],
    ['a blob in a folder', { SPL_BLOB: 'a/b' }, /: SPL_BLOB is not usable/],
    ['a hidden blob', { SPL_BLOB: '.ssh' }, /: SPL_BLOB is not usable/],
    ['a blob that is not there', { SPL_BLOB: 'spl.bin' }, /: SPL_BLOB names spl.bin, which is not there$/],
    ['a variant\'s blob outside', { variants: { emmc: { SPL_BLOB: '/etc/passwd' } } }, /: variants.emmc.SPL_BLOB is not the name of a file/],
    ['a variant\'s step', { variants: { emmc: { DDRSTEP0: 'x' } } }, /: variants.emmc.DDRSTEP0 is not usable/],
    ['a variant called outside', { variants: { '../x': {} } }, /: variants/],
  ])('%s', (_, more, message) => {
    const found = run(file('hi3516ev200.json', profileJson(ev200, more)))
    expect(chipsOf(found)).toEqual([])
    expect(found.refused).toMatchObject([{ file: 'hi3516ev200.json', error: { message: expect.stringMatching(message) as unknown, context: { file: 'hi3516ev200.json' } } }])
    expect(found.refused[0]?.error.message).toMatch(/^hi3516ev200\.json/)
  })

  test.each([[0], [1023], [128 * 1024 + 1]])('an SPL of %i bytes', (lengthBytes) => {
    expect(reasons(run(file('hi3516ev200.json', profileJson(ev200, { SPL_BLOB: 'a.bin' })), file('a.bin', new Uint8Array(lengthBytes)))))
      .toEqual([`hi3516ev200.json: input/malformed: hi3516ev200.json: SPL_BLOB names a.bin, which has ${lengthBytes} bytes; an SPL has 1024 to 131072`])
  })

  test('an alias without its target, and aliases in a ring', () => {
    expect(reasons(run(file('hi3516ev300.json', 'hi3516ev200.json')))).toEqual(['hi3516ev300.json: input/not-found: hi3516ev300.json stands for hi3516ev200.json, which is not there'])
    expect(reasons(run(file('hi3516ev300.json', 'hi3516ev200.json'), file('hi3516ev200.json', 'hi3516ev300.json')))).toEqual([
      'hi3516ev200.json: input/malformed: hi3516ev200.json stands for another file, which stands for another, without end',
      'hi3516ev300.json: input/malformed: hi3516ev300.json stands for another file, which stands for another, without end',
    ])
  })

  test('two files that differ in capitals', () => {
    expect(() => run(file('hi3516ev200.json', '{}'), file('HI3516EV200.json', '{}'))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  })
})

describe('disagreement with the catalogue', () => {
  test('other lengths are a warning', () => {
    const found = run(file('hi3516ev200.json', profileJson(chip('hi3516ev200'), { PRESTEP0: new Array<number>(72).fill(1), SRAMLIMIT: '0x3b00' })))
    expect(found.warnings).toEqual(['hi3516ev200: PRESTEP0 is 72 bytes and 64 are known', 'hi3516ev200: SRAMLIMIT is 15104 bytes and 0 are known'])
    expect(found.profiles[0]?.usable).toBe(true)
  })

  test.each([['DDRSTEP0', 10], ['DDRSTEP0', 60], ['PRESTEP0', 66]])('a %s of %i bytes was cut off: it is refused, for it would hang the chip', (field, bytes) => {
    const found = run(file('hi3516ev200.json', profileJson(chip('hi3516ev200'), { [field]: new Array<number>(bytes).fill(1) })))
    expect(found.profiles).toEqual([])
    expect(found.refused).toEqual([{ file: 'hi3516ev200.json', error: expect.objectContaining({ code: 'input/malformed', context: { chip: 'hi3516ev200', field, bytes, known: 64 } }) as unknown }])
  })

  test('other addresses are a warning, and the profile is not usable', () => {
    const found = run(file('hi3516ev200.json', profileJson(chip('hi3516ev200'), { ADDRESS: ['0x04013000', '0x04010500', '0x81000000'] })))
    expect(found.warnings).toEqual(['hi3516ev200: the addresses are 0x04013000, 0x04010500, 0x81000000 and should be 0x04013000, 0x04010500, 0x41000000; the profile will not be used'])
    expect(found.profiles[0]?.usable).toBe(false)
    expect(() => readStoredProfile(found.profiles[0]!.json, chip('hi3516ev200'), undefined)).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  })
})

test.each([['hi3516av300:emmc', 'hi3516av300', 'emmc'], [' HI3516AV300:EMMC ', 'hi3516av300', 'emmc'], ['hi3516av300', 'hi3516av300', undefined], ['hi3516av300:', 'hi3516av300', undefined], ['a:b:c', 'a', 'b:c']])('%j is chip and variant', (given, name, variant) => {
  expect(splitChipName(given)).toEqual({ chip: name, variant })
})

test.each([['hi3516ev200.json', 'hi3516ev200'], ['  HI3516EV200.json\n', 'hi3516ev200'], ['../x.json', undefined], ['a b.json', undefined], ['{}', undefined]])('%j is an alias for %j', (text, target) => {
  expect(aliasTarget(text)).toBe(target)
})

test('any JSON is a profile or our own error', () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
    try { parseProfileFile(text, 'x.json') } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
  }))
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('DDRSTEP0', 'ADDRESS', 'FILELEN', 'variants', 'SPL_BLOB', '__proto__'), fc.jsonValue()), (more) => {
    try { parseProfileFile(profileJson(chip('hi3516ev200'), more), 'x.json') } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
  }))
})
