import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { matchComment } from './commentMatch.ts'
import { sentenceLimits } from './frame.ts'
import { challengeLogin, plainLogin } from './login.ts'
import { createSentenceReader, parseReply } from './parser.ts'
import { looksLikeExport, maskSecrets, parsePoeMonitor, shellComplaint, shellQuoted } from './shellText.ts'
import { writeLength, writeSentence } from './writer.ts'

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
const bytes = (text: string): Uint8Array => Uint8Array.from(text.split(' ').filter(Boolean), (pair) => Number.parseInt(pair, 16))
const md5 = (data: Uint8Array): Uint8Array => createHash('md5').update(data).digest()

function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, index = 0; at < whole.length; index += 1) {
    const length = Math.max(1, lengths[index % lengths.length] ?? 1)
    pieces.push(whole.slice(at, at + length))
    at += length
  }
  return pieces
}

describe('words', () => {
  test.each([
    [0, '00'], [1, '01'], [0x7f, '7f'], [0x80, '80 80'], [0x100, '81 00'], [0x3fff, 'bf ff'], [0x4000, 'c0 40 00'], [0x10000, 'c1 00 00'],
    [0x1fffff, 'df ff ff'], [0x200000, 'e0 20 00 00'], [0x0fffffff, 'ef ff ff ff'], [0x10000000, 'f0 10 00 00 00'], [0xffffffff, 'f0 ff ff ff ff'],
  ])('length %i', (length, expected) => { expect(hex(writeLength(length))).toBe(expected) })
  test('no length', () => {
    for (const bad of [-1, 1.5, 0x1_0000_0000, Number.NaN]) expect(() => writeLength(bad)).toThrow(WorkbenchError)
  })
  test('sentences on the wire', () => {
    expect(hex(writeSentence(plainLogin('admin', '')))).toBe('06 2f 6c 6f 67 69 6e 0b 3d 6e 61 6d 65 3d 61 64 6d 69 6e 0a 3d 70 61 73 73 77 6f 72 64 3d 00')
    expect(hex(writeSentence(plainLogin('admin', 'secret')))).toBe('06 2f 6c 6f 67 69 6e 0b 3d 6e 61 6d 65 3d 61 64 6d 69 6e 10 3d 70 61 73 73 77 6f 72 64 3d 73 65 63 72 65 74 00')
    expect(hex(writeSentence(['/interface/ethernet/poe/print', '?name=ether3'])))
      .toBe('1d 2f 69 6e 74 65 72 66 61 63 65 2f 65 74 68 65 72 6e 65 74 2f 70 6f 65 2f 70 72 69 6e 74 0c 3f 6e 61 6d 65 3d 65 74 68 65 72 33 00')
    expect(hex(writeSentence(['/interface/ethernet/poe/power-cycle', '=.id=ether3', '=duration=5s'])))
      .toBe('23 2f 69 6e 74 65 72 66 61 63 65 2f 65 74 68 65 72 6e 65 74 2f 70 6f 65 2f 70 6f 77 65 72 2d 63 79 63 6c 65 0b 3d 2e 69 64 3d 65 74 68 65 72 33 0c 3d 64 75 72 61 74 69 6f 6e 3d 35 73 00')
    expect(hex(writeSentence(['x'.repeat(200)]).subarray(0, 3))).toBe('80 c8 78')
  })
  test('an empty word, an empty sentence and a word without end are not sent', () => {
    for (const words of [[], [''], ['/login', ''], ['x'.repeat(sentenceLimits.wordBytes + 1)]]) expect(() => writeSentence(words)).toThrow(WorkbenchError)
  })
})

describe('the reader', () => {
  const word = fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' })
  const sentences = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { maxLength: 6 })
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

  test('what is written is read back, wherever it is cut', () => {
    fc.assert(fc.property(sentences, cuts, (given, lengths) => {
      const reader = createSentenceReader()
      const wire = Uint8Array.from(given.flatMap((words) => [...writeSentence(words)]))
      expect(cut(wire, lengths).flatMap((piece) => reader.push(piece))).toEqual(given)
    }))
  })
  test('any bytes in any cuts give sentences or link/garbled', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), cuts, (noise, lengths) => {
      const reader = createSentenceReader()
      try {
        for (const sentence of cut(noise, lengths).flatMap((piece) => reader.push(piece))) parseReply(sentence)
      } catch (error) {
        expect(error).toMatchObject({ code: 'link/garbled' })
        expect(() => reader.push(Uint8Array.of(0))).toThrow(WorkbenchError)
      }
    }))
  })
  test('every form of the prefix is understood, the long ones for short words too', () => {
    for (const prefix of ['02', '80 02', 'c0 00 02', 'e0 00 00 02', 'f0 00 00 00 02']) {
      expect(createSentenceReader().push(bytes(`${prefix} 68 69 00`))).toEqual([['hi']])
    }
  })
  test('a word of 64 KiB passes and one more byte does not', () => {
    const most = writeSentence(['x'.repeat(sentenceLimits.wordBytes)])
    expect(createSentenceReader().push(most)[0]?.[0]).toHaveLength(sentenceLimits.wordBytes)
    expect(() => createSentenceReader().push(writeLength(sentenceLimits.wordBytes + 1))).toThrow(/65537 bytes/)
    expect(() => createSentenceReader().push(bytes('f0 ff ff ff ff'))).toThrow(/4294967295 bytes/)
  })
  test('a sentence without end is refused: too many words, too many bytes', () => {
    expect(() => createSentenceReader().push(Uint8Array.from({ length: 2 * (sentenceLimits.sentenceWords + 1) }, (_, at) => (at % 2 === 0 ? 1 : 65)))).toThrow(/without end/)
    const reader = createSentenceReader()
    const whole = writeSentence(['x'.repeat(60_000)]).slice(0, -1)
    expect(() => { for (let count = 0; count < 6; count += 1) reader.push(whole) }).toThrow(/without end/)
  })
  test('reserved control bytes are refused', () => {
    for (const first of ['f1', 'f8', 'ff']) expect(() => createSentenceReader().push(bytes(first))).toThrow(WorkbenchError)
  })
  test('another protocol is named at its first words', () => {
    const page = new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n')
    const reader = createSentenceReader()
    // No zero byte: nothing is complete, and nothing is believed.
    expect(reader.push(page)).toEqual([])
  })
})

describe('replies', () => {
  test('attributes, values with =, the first of a key, loose words', () => {
    const reply = parseReply(['!re', '=.id=*3', '=comment=a=b=', '=name=ether3', '=name=other', '=bare', 'loose', '='])
    expect(reply.kind).toBe('row')
    expect([...reply.attributes]).toEqual([['.id', '*3'], ['comment', 'a=b='], ['name', 'ether3']])
    expect(reply.loose).toEqual(['=bare', 'loose', '='])
  })
  test.each([['!done', 'done'], ['!trap', 'trap'], ['!fatal', 'fatal'], ['!empty', 'other'], ['constructor', 'other'], ['', 'other']])('%s is %s', (text, kind) => {
    expect(parseReply([text]).kind).toBe(kind)
  })
  test('keys of the far end reach no prototype', () => {
    const { attributes } = parseReply(['!re', '=__proto__=x', '=constructor=y'])
    expect(attributes.get('__proto__')).toBe('x')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('the older login', () => {
  const challenge = '856780b7411eefd3abadee2058c149a3'
  test.each([['secret', '009622e621f0892961a28bcf7a0cea13e4'], ['', '005062f7a5ef124d34675bf3e81f56c556']])('password "%s"', (password, response) => {
    expect(challengeLogin('admin', password, challenge, md5)).toEqual(['/login', '=name=admin', `=response=${response}`])
  })
  test('a challenge that is none', () => {
    for (const bad of ['', 'abc', 'zz', 'a'.repeat(400)]) expect(() => challengeLogin('admin', 'x', bad, md5)).toThrow(WorkbenchError)
  })
})

describe('comments', () => {
  const lab = [
    { name: 'ether1', comment: '' }, { name: 'ether2', comment: 'hi3516av300' }, { name: 'ether3', comment: 'hi3516av200' },
    { name: 'ether4', comment: 'av' }, { name: 'ether5', comment: 'gk7205v300_imx335' }, { name: 'ether6', comment: ' Lobby ' },
  ]
  const portOf = (label: string): string => { const match = matchComment(label, lab); return 'port' in match ? `${match.kind} ${match.port.name}` : `${match.kind} ${match.candidates.map(({ name }) => name).join(' ')}` }

  test('exact first, whatever the case; else the one that fits, either way round', () => {
    expect(portOf('HI3516AV300')).toBe('exact ether2')
    expect(portOf('lobby')).toBe('exact ether6')
    expect(portOf('hi3516av300_imx415')).toBe('similar ether2')
    expect(portOf('gk7205v300')).toBe('similar ether5')
    expect(portOf('av')).toBe('exact ether4')
  })
  test('several that fit are handed over, never the first of them', () => {
    expect(portOf('hi3516av')).toBe('ambiguous ether2 ether3')
    expect(matchComment('cam', [{ name: 'a', comment: 'cam' }, { name: 'b', comment: 'CAM' }])).toMatchObject({ kind: 'ambiguous' })
  })
  test('none: every port with a comment is offered; a short comment fits nothing but itself', () => {
    expect(portOf('ssc338q_av')).toBe('none ether2 ether3 ether4 ether5 ether6')
    expect(portOf('   ')).toBe('none ether2 ether3 ether4 ether5 ether6')
  })
  test('a port is only ever named when no other would do as well', () => {
    const texts = fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', 'A', ' ') })
    fc.assert(fc.property(texts, fc.array(texts, { maxLength: 6 }), (label, comments) => {
      const ports = comments.map((comment, index) => ({ name: `ether${index}`, comment }))
      const match = matchComment(label, ports)
      if (!('port' in match)) return
      const others = ports.filter(({ name }) => name !== match.port.name)
      const again = matchComment(label, others)
      expect('port' in again && again.kind === match.kind).toBe(false)
    }))
  })
})

describe('the shell', () => {
  test('a PoE reading', () => {
    expect(parsePoeMonitor('             name: ether3\r\n   poe-out-status: powered-on\r\n  poe-out-voltage: 23.9V\r\n  poe-out-current: 129mA\r\n    poe-out-power: 3W\r\n\r\n'))
      .toEqual({ status: 'powered-on', volts: 23.9, milliamperes: 129, watts: 3 })
    expect(parsePoeMonitor('poe-out-status: waiting-for-load')).toEqual({ status: 'waiting-for-load', volts: undefined, milliamperes: undefined, watts: undefined })
    expect(parsePoeMonitor('name: ether3')).toBeUndefined()
    expect(parsePoeMonitor('poe-out-status: on\npoe-out-voltage: 12kV')).toMatchObject({ volts: undefined })
  })
  test('secrets are hidden, also where the line was wrapped in the middle', () => {
    const text = '# 2024-05-12 10:00:00 by RouterOS 6.49.10\r\n/interface wireless security-profiles\r\nset [ find ] wpa2-pre-shared-key="top \\"secret\\" one" mode=dynamic-keys\r\n'
      + '/ppp secret\r\nadd name=joe password=\\\r\n    hunter2 service=l2tp\r\n/ip ipsec identity\r\nadd secret="abc\\\r\n    def"\r\n/snmp community set [ find ] name=hush addresses=::/0\r\nset private-key="" comment="password is fine"\r\n'
      + '/system script add name=x source=":local p \\"s3cr3t\\"; /tool fetch password=\\"s3cr3t\\""\r\n'
    expect(looksLikeExport(text)).toBe(true)
    const masked = maskSecrets(text)
    for (const secret of ['top', 'hunter2', 'abc', 'def"', 'hush', 's3cr3t']) expect(masked).not.toContain(secret)
    expect(masked).toContain('add name=joe password=*** service=l2tp')
    expect(masked).toContain('mode=dynamic-keys')
    expect(masked).toContain('comment="password is fine"')
  })
  test('any text is masked without hanging, and complaints are told from answers', () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => { maskSecrets(text); parsePoeMonitor(text); looksLikeExport(text); shellComplaint(text) }))
    expect(maskSecrets(`password="${'\\'.repeat(50_000)}`).length).toBeGreaterThan(0)
    expect(shellComplaint('bad command name poe (line 1 column 21)')).toContain('bad command name')
    expect(shellComplaint('\r\ninput does not match any value of interface\r\n')).toContain('input does not match')
    expect(shellComplaint('# by RouterOS 7.1')).toBeUndefined()
  })
  test('names that could end the quotes are refused', () => {
    expect(shellQuoted('ether 3')).toBe('"ether 3"')
    for (const bad of ['', 'a"b', 'a\\', 'a$x', 'a;b', 'a\nb', 'a[b]', 'a?']) expect(shellQuoted(bad)).toBeUndefined()
  })
})
