/** The bundler takes style sheets that modules name; they give nothing back. */
declare module "*.css" {}
