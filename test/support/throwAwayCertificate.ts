import { createHash, generateKeyPairSync, sign } from 'node:crypto'

export interface ThrowAwayCertificate {
  readonly cert: string
  readonly key: string
  /** Lower-case hexadecimal, over the DER form. */
  readonly sha256: string
}

/** X.509 by hand, signed by itself, for one test: made anew each time, so that no key is ever kept. */
export function createThrowAwayCertificate(commonName = 'RouterOS stand-in'): ThrowAwayCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ecdsaWithSha256 = tlv(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
  const name = tlv(0x30, tlv(0x31, tlv(0x30, oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(commonName)))))
  const time = (text: string): Buffer => tlv(0x18, Buffer.from(text))
  const body = tlv(0x30,
    tlv(0xa0, tlv(0x02, Buffer.of(2))), tlv(0x02, Buffer.of(1)), ecdsaWithSha256, name,
    tlv(0x30, time('20200101000000Z'), time('20991231235959Z')), name, publicKey.export({ type: 'spki', format: 'der' }))
  const whole = tlv(0x30, body, ecdsaWithSha256, tlv(0x03, Buffer.of(0), sign('sha256', body, privateKey)))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sha256: createHash('sha256').update(whole).digest('hex'),
  }
}

const oid = (...bytes: number[]): Buffer => tlv(0x06, Buffer.from(bytes))

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts)
  const long = value.length > 255 ? Buffer.of(0x82, value.length >> 8, value.length & 0xff) : Buffer.of(0x81, value.length)
  return Buffer.concat([Buffer.of(tag), value.length < 128 ? Buffer.of(value.length) : long, value])
}
