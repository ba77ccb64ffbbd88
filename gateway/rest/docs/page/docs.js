/** Answers that hold tokens: who signs in on this page is signed in for what is tried next. */
const SIGN_IN = /\/api\/auth\/(login|refresh)$/;

const page = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
  responseInterceptor(response) {
    const token = response.ok && SIGN_IN.test(response.url) ? JSON.parse(response.text).tokens?.accessToken : undefined;
    if (token) page.preauthorizeApiKey('bearer', token);
    return response;
  },
});
