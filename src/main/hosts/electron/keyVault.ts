import type { KeyVault } from '../../../shared/secrets/secrets.schema.ts'

/** The part of Electron's safeStorage that is used. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean
  getSelectedStorageBackend?(): string
  encryptString(text: string): Buffer
  decryptString(sealed: Buffer): string
}

const names: Readonly<Record<string, string>> = { darwin: 'the keychain of macOS', win32: 'the data protection of Windows' }

/** Asked when the app is ready, not before. `undefined` where the system has nothing to seal with. */
export function keyVaultOf(safeStorage: SafeStorage, platform: string): KeyVault | undefined {
  if (!safeStorage.isEncryptionAvailable()) return undefined
  const backend = platform === 'linux' ? safeStorage.getSelectedStorageBackend?.() ?? 'unknown' : ''
  return {
    label: names[platform] ?? `the Linux keyring (${backend})`,
    // With no keyring Chromium says "basic_text" and uses a key from its own source text.
    isProtected: backend !== 'basic_text' && backend !== 'unknown',
    seal: (text) => new Uint8Array(safeStorage.encryptString(text)),
    open: (sealed) => safeStorage.decryptString(Buffer.from(sealed)),
  }
}
