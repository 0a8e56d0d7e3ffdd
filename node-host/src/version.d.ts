/** The version of the package; the build puts it in. */
declare const G2G_VERSION: string;
